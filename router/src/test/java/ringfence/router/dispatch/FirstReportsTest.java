package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Zone;
import ringfence.router.Alarms;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.Unobserved;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.egress.Egress;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.FleetLimits;
import ringfence.router.fleet.NodeStream;
import ringfence.router.policy.Caller;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.Policy;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Placer;
import ringfence.router.routing.Speeds;
import ringfence.router.routing.TargetView;

/// Requests just after a router's start, on a clock that is moved by hand: nodes may be late for
/// five seconds.
class FirstReportsTest {
  private static final Duration WINDOW = Duration.ofSeconds(5);

  /// In which news of nodes are gathered before those who wait are told.
  private static final Duration GATHERED = Duration.ofMillis(2);

  private static final Duration MOMENT = Duration.ofNanos(1);
  private static final String OTHER_MODEL = "other";

  private record Due(long at, Runnable task) {}

  private long nanos = 1_000_000_000;
  private final List<Due> due = new ArrayList<>();
  private final Alarms alarms =
      (time, task) -> {
        Due one = new Due(nanos + Math.max(0, time), task);
        due.add(one);
        return () -> due.remove(one);
      };
  private WaitingRoom room = new WaitingRoom(10, 10_000, alarms);
  private final List<TargetView> upstreams = new ArrayList<>();
  private final Fleet fleet =
      new Fleet(
          new FleetLimits(
              10,
              Duration.ofHours(1).toNanos(),
              Duration.ofSeconds(60).toNanos(),
              WINDOW.toNanos()),
          () -> nanos,
          () -> Instant.EPOCH,
          new Unobserved() {
            @Override
            public void joined(TargetView target) {
              room.roomMayHaveCome();
            }

            @Override
            public void reported() {
              room.roomMayHaveCome();
            }
          },
          () -> upstreams);

  /// What has become of one request: the targets it was sent to, or why not.
  private static final class Asked implements AnswerReader {
    private final List<String> targets = new ArrayList<>();
    private @Nullable Failure failure;

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void event(RouteEvent event) {}

    @Override
    public void completed() {}

    @Override
    public void failed(Failure why) {
      failure = why;
    }

    boolean waits() {
      return targets.isEmpty() && failure == null;
    }
  }

  private Asked ask(RouteRequest.Builder asked) {
    Asked reader = new Asked();
    Egress egress =
        new Egress() {
          @Override
          public AttemptStream open(
              EgressGrant grant, GenerationRequest request, long remaining, AttemptListener heard) {
            reader.targets.add(grant.target().name());
            return new AttemptStream() {
              @Override
              public void request(int count) {}

              @Override
              public void cancel() {}
            };
          }

          @Override
          public void abandon(EgressGrant grant) {}
        };
    Dispatcher dispatcher =
        new Dispatcher(
            new Policy(),
            Placer.standard(Duration.ofHours(1).toNanos(), 0),
            fleet,
            egress,
            () -> nanos,
            alarms,
            room,
            new PrefixMemory(0, () -> 7),
            new DispatchLimits(2, Duration.ofHours(1), Duration.ZERO, Duration.ofSeconds(10)),
            () -> 7,
            new Unobserved());
    RouteRequest request = asked.build();
    dispatcher
        .dispatch(
            request,
            dispatcher.policy().classify(request, Caller.keyless(""), null),
            Duration.ofHours(1).toNanos(),
            reader,
            () -> {})
        .start();
    return reader;
  }

  private static RouteRequest.Builder reaching(Zone farthest) {
    return TestGateway.request().setLabel(Label.newBuilder().setFarthestZone(farthest));
  }

  private void joins(String name, Zone zone, String model) throws Exception {
    fleet.register(
        new NodeStream() {
          @Override
          public void send(RouterCommand command) {}

          @Override
          public void close(Failure why) {}
        },
        NodeRegistration.newBuilder()
            .setNode(name)
            .setIncarnation("first")
            .setZone(zone)
            .setAddress("127.0.0.1:1")
            .addModels(
                ServedModel.newBuilder()
                    .setName(model)
                    .setDigest(FakeNode.DIGEST)
                    .setContextLength(1_000)
                    .setKvTokens(1_000)
                    .setMaxSequences(1))
            .build());
  }

  /// Its first token is predicted after half a second.
  private void upstream() {
    Speeds speeds = Speeds.of(List.of(new Speeds.Measured(1, 100, 1_000_000)));
    ModelView model =
        new ModelView(FakeNode.MODEL, "upstream", 10_000, 10_000, 4, 0, 500_000, speeds);
    upstreams.add(
        new TargetView(
            "partner",
            "upstream",
            ringfence.router.routing.Zone.EXTERNAL,
            "https://partner",
            false,
            nanos,
            false,
            "",
            Map.of(FakeNode.MODEL, model),
            null));
  }

  /// Lets time pass, and happen what is due.
  private void pass(Duration time) {
    long until = nanos + time.toNanos();
    while (true) {
      Due next = due.stream().min(Comparator.comparingLong(Due::at)).orElse(null);
      if (next == null || next.at > until) {
        nanos = until;
        return;
      }
      due.remove(next);
      nanos = next.at;
      next.task.run();
    }
  }

  @Test
  void whatNobodyKnownServesGoesToItsNodeAtOnceWhenThatReports() throws Exception {
    fleet.listens();
    joins("early", Zone.ZONE_SITE, OTHER_MODEL);
    Asked waiting = ask(reaching(Zone.ZONE_SITE));
    pass(Duration.ofSeconds(1));
    assertThat(waiting.waits()).isTrue();
    joins("late", Zone.ZONE_SITE, FakeNode.MODEL);
    pass(GATHERED);
    assertThat(waiting.targets).containsExactly("late");
    // A node that is there is waited for no longer.
    joins("third", Zone.ZONE_SITE, FakeNode.MODEL);
    assertThat(ask(reaching(Zone.ZONE_SITE)).targets).containsExactly("third");
    assertThat(room.waiting()).isZero();
  }

  @Test
  void whenNoNodeComesItIsRefusedAsItWouldBeAtAnyTime() throws Exception {
    fleet.listens();
    joins("other", Zone.ZONE_SITE, OTHER_MODEL);
    upstream();
    Asked unknown = ask(reaching(Zone.ZONE_EXTERNAL).setModel("unheard-of"));
    Asked forbidden = ask(reaching(Zone.ZONE_SITE));
    pass(WINDOW.minus(MOMENT));
    assertThat(unknown.waits()).isTrue();
    assertThat(forbidden.waits()).isTrue();
    pass(MOMENT);
    assertThat(unknown.failure.getReason()).isEqualTo(Reason.UNKNOWN_MODEL);
    assertThat(forbidden.failure.getReason()).isEqualTo(Reason.NO_TARGET_IN_ZONE);
    assertThat(ask(reaching(Zone.ZONE_SITE)).failure.getReason())
        .isEqualTo(Reason.NO_TARGET_IN_ZONE);
    assertThat(room.waiting()).isZero();
  }

  @Test
  void theTimeIsCountedFromWhenNodesCouldReport() throws Exception {
    joins("other", Zone.ZONE_SITE, OTHER_MODEL);
    Asked asked = ask(reaching(Zone.ZONE_SITE).setMaxWaitMillis(60_000));
    pass(Duration.ofSeconds(3));
    fleet.listens();
    pass(WINDOW.minus(MOMENT));
    assertThat(asked.waits()).isTrue();
    pass(MOMENT);
    assertThat(asked.failure.getReason()).isEqualTo(Reason.UNKNOWN_MODEL);
  }

  @Test
  void nobodyWaitsLongerThanHeMay() throws Exception {
    fleet.listens();
    joins("other", Zone.ZONE_SITE, OTHER_MODEL);
    Asked hasty = ask(reaching(Zone.ZONE_SITE).setMaxWaitMillis(1_000));
    pass(Duration.ofSeconds(1).minus(MOMENT));
    assertThat(hasty.waits()).isTrue();
    pass(MOMENT);
    // Whether there is such a node is not known yet.
    assertThat(hasty.failure.getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(hasty.failure.getMessage()).contains("reported yet", "waited 1000 ms");
    assertThat(hasty.failure.getRetryAfterMillis()).isEqualTo(4_000);
  }

  @Test
  void whatCanNotEvenWaitIsToldSo() throws Exception {
    room = new WaitingRoom(0, 0, alarms);
    fleet.listens();
    joins("other", Zone.ZONE_SITE, OTHER_MODEL);
    Asked refused = ask(reaching(Zone.ZONE_SITE));
    assertThat(refused.failure.getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(refused.failure.getMessage()).contains("reported yet", "queue is full");
    upstream();
    assertThat(ask(reaching(Zone.ZONE_EXTERNAL)).targets).containsExactly("partner");
  }

  @Test
  void nothingLeavesTheSiteForWantOfANodeThatIsOnlyLate() throws Exception {
    fleet.listens();
    upstream();
    Asked held = ask(reaching(Zone.ZONE_EXTERNAL));
    pass(Duration.ofSeconds(2));
    joins("cloud", Zone.ZONE_DATACENTER, FakeNode.MODEL);
    pass(Duration.ofSeconds(1));
    assertThat(held.waits()).isTrue();
    joins("near", Zone.ZONE_SITE, FakeNode.MODEL);
    pass(GATHERED);
    assertThat(held.targets).containsExactly("near");
  }

  @Test
  void whatMayLeaveDoesWhenNoNodeHasCome() {
    fleet.listens();
    upstream();
    Asked held = ask(reaching(Zone.ZONE_EXTERNAL));
    pass(WINDOW.minus(MOMENT));
    assertThat(held.waits()).isTrue();
    pass(MOMENT);
    assertThat(held.targets).containsExactly("partner");
    assertThat(ask(reaching(Zone.ZONE_EXTERNAL)).targets).containsExactly("partner");
  }

  @Test
  void whatHoldsBackLeavesInTimeForItsFirstToken() {
    fleet.listens();
    upstream();
    Asked held = ask(reaching(Zone.ZONE_EXTERNAL).setMaxWaitMillis(2_000));
    pass(Duration.ofMillis(1_490));
    assertThat(held.waits()).isTrue();
    pass(Duration.ofMillis(10));
    assertThat(held.targets).containsExactly("partner");
    // Who has no time at all does not hold back, nor does he wait behind those who do.
    Asked other = ask(reaching(Zone.ZONE_EXTERNAL));
    assertThat(other.waits()).isTrue();
    assertThat(ask(reaching(Zone.ZONE_EXTERNAL).setMaxWaitMillis(1)).targets)
        .containsExactly("partner");
    assertThat(other.waits()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Zone.class,
      names = {"ZONE_DEVICE", "ZONE_SITE"})
  void withinTheSiteNobodyHoldsBack(Zone zone) throws Exception {
    fleet.listens();
    joins("first", zone, FakeNode.MODEL);
    assertThat(ask(reaching(Zone.ZONE_EXTERNAL)).targets).containsExactly("first");
  }

  @Test
  void whatOnlyUpstreamsCanDoWaitsForNoNode() throws Exception {
    fleet.listens();
    upstream();
    RouteRequest.Builder calls = reaching(Zone.ZONE_EXTERNAL);
    calls.getPromptBuilder().getChatBuilder().setAnyTool(true);
    assertThat(ask(calls).targets).containsExactly("partner");
    joins("near", Zone.ZONE_SITE, FakeNode.MODEL);
    calls.setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE));
    assertThat(ask(calls).failure.getReason()).isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void whatOnlyANodeCanDoWaitsForOneAndHoldsUpNobody() throws Exception {
    fleet.listens();
    upstream();
    SamplingOptions ours = SamplingOptions.newBuilder().setTopK(5).build();
    Asked served = ask(reaching(Zone.ZONE_EXTERNAL).setSampling(ours));
    pass(Duration.ofSeconds(1));
    assertThat(served.waits()).isTrue();
    assertThat(ask(reaching(Zone.ZONE_EXTERNAL).setMaxWaitMillis(1)).targets)
        .containsExactly("partner");
    joins("near", Zone.ZONE_SITE, FakeNode.MODEL);
    pass(GATHERED);
    assertThat(served.targets).containsExactly("near");
  }

  @Test
  void anOptionThatNobodyKnowsIsRefusedInTheEnd() {
    fleet.listens();
    upstream();
    SamplingOptions ours = SamplingOptions.newBuilder().setTopK(5).build();
    Asked refused = ask(reaching(Zone.ZONE_EXTERNAL).setSampling(ours));
    pass(WINDOW.minus(MOMENT));
    assertThat(refused.waits()).isTrue();
    pass(MOMENT);
    assertThat(refused.failure.getReason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refused.failure.getMessage()).contains("top_k");
  }

  @Test
  void whoseNodeComesAndIsFullWaitsForRoomThere() throws Exception {
    fleet.listens();
    joins("other", Zone.ZONE_SITE, OTHER_MODEL);
    Asked first = ask(reaching(Zone.ZONE_SITE));
    Asked second = ask(reaching(Zone.ZONE_SITE));
    pass(Duration.ofSeconds(1));
    joins("late", Zone.ZONE_SITE, FakeNode.MODEL);
    pass(GATHERED);
    assertThat(first.targets).containsExactly("late");
    assertThat(second.waits()).isTrue();
    // It has a place among those who wait for room, also when the window is over.
    pass(WINDOW);
    assertThat(second.waits()).isTrue();
    assertThat(room.isAwaited(FakeNode.MODEL, ringfence.router.routing.Zone.SITE)).isTrue();
    pass(Duration.ofSeconds(4).minus(GATHERED));
    assertThat(second.failure.getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(second.failure.getMessage()).contains("has room", "waited 10000 ms");
  }
}
