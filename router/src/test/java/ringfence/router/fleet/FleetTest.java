package ringfence.router.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Zone;
import ringfence.router.Unobserved;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.TargetView;

/// Membership, with a clock that is moved by hand.
class FleetTest {
  private static final String DIGEST = "0123456789abcdef".repeat(4);
  private long nanos = 1_000;
  private final List<String> heard = new ArrayList<>();
  private final List<TargetView> upstreams = new ArrayList<>();
  private final Fleet fleet =
      new Fleet(
          new FleetLimits(
              3,
              Duration.ofSeconds(2).toNanos(),
              Duration.ofSeconds(60).toNanos(),
              Duration.ofSeconds(5).toNanos()),
          () -> nanos,
          () -> Instant.ofEpochSecond(1_700_000_000 + nanos / 1_000_000_000),
          new Unobserved() {
            @Override
            public void joined(TargetView target) {
              heard.add("joined " + target.name());
            }

            @Override
            public void left(TargetView target, String why) {
              heard.add("left " + target.name());
            }
          },
          () -> upstreams);

  private static final class Stream implements NodeStream {
    private Failure closedWith;
    private final List<RouterCommand> commands = new ArrayList<>();

    @Override
    public void send(RouterCommand command) {
      commands.add(command);
    }

    @Override
    public void close(Failure failure) {
      closedWith = failure;
    }
  }

  private static NodeRegistration.Builder registration(String node) {
    return NodeRegistration.newBuilder()
        .setNode(node)
        .setIncarnation("first")
        .setZone(Zone.ZONE_SITE)
        .setAddress("127.0.0.1:7420")
        .addModels(
            ServedModel.newBuilder()
                .setName("tiny")
                .setDigest(DIGEST)
                .setContextLength(2048)
                .setKvTokens(8192)
                .setMaxSequences(8));
  }

  private Stream register(String node) throws RefusedReportException {
    Stream stream = new Stream();
    fleet.register(stream, registration(node).build());
    return stream;
  }

  private static NodeLoad load(int running, int waiting, int waitingPrompt) {
    return NodeLoad.newBuilder()
        .setState(NodeState.NODE_STATE_READY)
        .addModels(
            ModelLoad.newBuilder()
                .setModel("tiny")
                .setRunningSequences(running)
                .setWaitingSequences(waiting)
                .setWaitingPromptTokens(waitingPrompt)
                .addSpeeds(
                    MeasuredSpeed.newBuilder()
                        .setBatchSize(1)
                        .setDecodeTokensPerSecond(50)
                        .setPrefillTokensPerSecond(200)))
        .build();
  }

  private ModelView tiny() {
    return fleet.targets().getFirst().model("tiny");
  }

  private void pass(Duration time) {
    nanos += time.toNanos();
  }

  @Test
  void aNodeIsSilentWhenItWasNotHeardOfForLongerThanTheLimit() throws Exception {
    Stream stream = register("one");
    pass(Duration.ofSeconds(2));
    assertThat(fleet.describe().getFirst().state()).isEqualTo(NodeState.NODE_STATE_READY);
    pass(Duration.ofNanos(1));
    assertThat(fleet.describe().getFirst().state()).isEqualTo(NodeState.NODE_STATE_SILENT);
    fleet.report(stream, load(0, 0, 0));
    assertThat(fleet.describe().getFirst().state()).isEqualTo(NodeState.NODE_STATE_READY);
    assertThat(fleet.targets().getFirst().heardNanos()).isEqualTo(nanos);
  }

  @Test
  void aSilentNodeIsDroppedAndItsStreamClosed() throws Exception {
    Stream stream = register("one");
    pass(Duration.ofSeconds(31));
    fleet.dropSilent(Duration.ofSeconds(30).toNanos());
    assertThat(fleet.targets()).isEmpty();
    assertThat(stream.closedWith).isNotNull();
  }

  @Test
  void aBrokenStreamIsALostNode() throws Exception {
    Stream stream = register("one");
    fleet.lost(stream, "its stream broke");
    assertThat(fleet.targets()).isEmpty();
    assertThat(heard).containsExactly("joined one", "left one");
  }

  @Test
  void nodesMayNotHaveReportedYetForAWhileFromWhenTheyCould() {
    pass(Duration.ofHours(1));
    assertThat(fleet.firstReportsNanos(nanos)).isEqualTo(Duration.ofSeconds(5).toNanos());
    fleet.listens();
    pass(Duration.ofSeconds(3));
    assertThat(fleet.firstReportsNanos(nanos)).isEqualTo(Duration.ofSeconds(2).toNanos());
    pass(Duration.ofSeconds(2));
    assertThat(fleet.firstReportsNanos(nanos)).isZero();
    pass(Duration.ofHours(1));
    assertThat(fleet.firstReportsNanos(nanos)).isZero();
  }

  private List<String> lostNow() {
    return fleet.targetsAndLost().stream()
        .filter(target -> target.unavailable() != null)
        .map(TargetView::name)
        .toList();
  }

  @Test
  void aLostNodeIsRememberedForAWhileAndIsNoNodeOfTheFleet() throws Exception {
    Stream stream = register("one");
    fleet.report(stream, load(3, 1, 100));
    fleet.lost(stream, "its stream broke");
    assertThat(fleet.targets()).isEmpty();
    assertThat(fleet.describe()).isEmpty();
    TargetView lost = fleet.targetsAndLost().getFirst();
    assertThat(lost.model("tiny").sequences()).isZero();
    assertThat(lost.zone()).isEqualTo(ringfence.router.routing.Zone.SITE);
    pass(Duration.ofSeconds(60));
    assertThat(lostNow()).containsExactly("one");
    pass(Duration.ofNanos(1));
    assertThat(fleet.targetsAndLost()).isEmpty();
  }

  @Test
  void aLostNodeThatComesBackIsThereOnce() throws Exception {
    fleet.lost(register("one"), "its stream broke");
    register("one");
    assertThat(lostNow()).isEmpty();
    assertThat(fleet.targetsAndLost()).hasSize(1);
  }

  @Test
  void withTheLostOnesItIsNoLargerThanItsLimit() throws Exception {
    for (String node : List.of("one", "two", "three", "four")) {
      fleet.lost(register(node), "its stream broke");
    }
    assertThat(lostNow()).containsExactly("two", "three", "four");
    register("five");
    assertThat(lostNow()).containsExactly("three", "four");
    fleet.lost(register("three"), "its stream broke");
    assertThat(lostNow()).containsExactly("four", "three");
  }

  private static TargetView upstream(String name) {
    return new TargetView(
        name,
        "upstream",
        ringfence.router.routing.Zone.EXTERNAL,
        "https://" + name,
        false,
        0,
        false,
        "",
        Map.of(),
        null);
  }

  private List<String> namesWithLost() {
    return fleet.targetsAndLost().stream().map(TargetView::name).toList();
  }

  @Test
  void listsStayTheSameUntilTheFleetChanges() throws Exception {
    fleet.lost(register("gone"), "its stream broke");
    pass(Duration.ofSeconds(30));
    fleet.lost(register("later"), "its stream broke");
    Stream stream = register("one");
    List<TargetView> present = fleet.targets();
    List<TargetView> known = fleet.targetsAndLost();
    assertThat(namesWithLost()).containsExactly("one", "gone", "later");
    pass(Duration.ofSeconds(30));
    assertThat(fleet.targets()).isSameAs(present);
    assertThat(fleet.targetsAndLost()).isSameAs(known);
    // What is sent to upstreams changes no node.
    fleet.begin(upstream("partner"), "tiny", 1, 10).ended();
    assertThat(fleet.targetsAndLost()).isSameAs(known);

    pass(Duration.ofNanos(1));
    assertThat(namesWithLost()).containsExactly("one", "later");
    assertThat(fleet.targets()).isSameAs(present);
    fleet.begin(fleet.targets().getFirst(), "tiny", 2, 10);
    assertThat(fleet.targetsAndLost().getFirst().model("tiny").sequences()).isEqualTo(2);
    fleet.report(stream, load(3, 0, 0));
    assertThat(fleet.targetsAndLost().getFirst().model("tiny").sequences()).isEqualTo(3);
    fleet.lost(stream, "its stream broke");
    assertThat(namesWithLost()).containsExactly("later", "one");
    assertThat(known).hasSize(3);
  }

  @Test
  void upstreamsAreAsTheyAreNowAndNoNodeHasTheNameOfOne() throws Exception {
    register("one");
    fleet.lost(register("two"), "its stream broke");
    upstreams.add(upstream("partner"));
    assertThat(namesWithLost()).containsExactly("one", "two", "partner");
    TargetView other = upstream("partner");
    upstreams.set(0, other);
    assertThat(fleet.targetsAndLost().getLast()).isSameAs(other);
    upstreams.set(0, upstream("one"));
    assertThat(namesWithLost()).containsExactly("two", "one");
    assertThat(fleet.targets()).containsExactly(upstreams.getFirst());
    upstreams.set(0, upstream("two"));
    assertThat(namesWithLost()).containsExactly("one", "two");
    upstreams.clear();
    assertThat(namesWithLost()).containsExactly("one", "two");
  }

  @Test
  void theNewestStreamOfANameWins() throws Exception {
    Stream older = register("one");
    Stream newer = new Stream();
    fleet.register(newer, registration("one").setIncarnation("second").build());
    assertThat(older.closedWith.getMessage()).contains("name");
    assertThat(newer.closedWith).isNull();
    assertThat(fleet.targets())
        .singleElement()
        .satisfies(target -> assertThat(target.incarnation()).isEqualTo("second"));
    fleet.lost(older, "closed");
    assertThat(fleet.targets()).hasSize(1);
    assertThatExceptionOfType(RefusedReportException.class)
        .isThrownBy(() -> fleet.report(older, load(0, 0, 0)));
  }

  @Test
  void aRegistrationOnTheSameStreamChangesTheModels() throws Exception {
    Stream stream = register("one");
    fleet.register(
        stream,
        registration("one")
            .setModels(0, registration("one").getModels(0).toBuilder().setName("other"))
            .build());
    assertThat(fleet.targets().getFirst().models()).containsOnlyKeys("other");
    assertThat(fleet.modelSince("tiny")).isZero();
    assertThat(stream.closedWith).isNull();
  }

  @Test
  void remembersWhenAModelWasFirstReported() throws Exception {
    register("one");
    pass(Duration.ofSeconds(10));
    register("two");
    assertThat(fleet.modelSince("tiny")).isEqualTo(1_700_000_000);
  }

  @Test
  void isNoLargerThanItsLimit() throws Exception {
    register("one");
    register("two");
    register("three");
    assertThatExceptionOfType(RefusedReportException.class)
        .isThrownBy(() -> register("four"))
        .withMessageContaining("full");
  }

  @Test
  void countsWhatWasSentSinceTheLastReport() throws Exception {
    Stream stream = register("one");
    fleet.report(stream, load(3, 1, 100));
    assertThat(tiny().sequences()).isEqualTo(4);
    TargetView target = fleet.targets().getFirst();
    InFlight inFlight = fleet.begin(target, "tiny", 2, 50);
    assertThat(tiny().sequences()).isEqualTo(6);
    assertThat(tiny().waitingPromptTokens()).isEqualTo(150);
    inFlight.token();
    assertThat(tiny().waitingPromptTokens()).isEqualTo(100);
    inFlight.ended();
    inFlight.ended();
    assertThat(tiny().sequences()).isEqualTo(4);
  }

  @Test
  void aReportThatMissedAnAttemptDoesNotHideIt() throws Exception {
    Stream stream = register("one");
    fleet.begin(fleet.targets().getFirst(), "tiny", 5, 70);
    fleet.report(stream, load(0, 0, 0));
    assertThat(tiny().sequences()).isEqualTo(5);
    assertThat(tiny().waitingPromptTokens()).isEqualTo(70);
  }

  @Test
  void anAttemptOnALostNodeEndsQuietly() throws Exception {
    Stream stream = register("one");
    TargetView target = fleet.targets().getFirst();
    InFlight inFlight = fleet.begin(target, "tiny", 1, 10);
    fleet.lost(stream, "its stream broke");
    fleet.register(new Stream(), registration("one").setIncarnation("second").build());
    inFlight.ended();
    fleet.begin(target, "tiny", 1, 10);
    assertThat(tiny().sequences()).isZero();
  }

  @Test
  void takesTheLatestMeasuredSpeed() throws Exception {
    Stream stream = register("one");
    fleet.report(stream, load(0, 0, 0));
    assertThat(tiny().speeds().decode(1)).isEqualTo(50);
    assertThat(tiny().speeds().prefill(7)).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "node, registration.node",
    "incarnation, registration.incarnation",
    "zone, registration.zone",
    "external, registration.zone",
    "address, registration.address",
    "port, registration.address",
    "digest, registration.models[0].digest",
    "context, registration.models[0].context_length",
    "sequences, registration.models[0].max_sequences",
    "twice, registration.models[1].name"
  })
  void namesTheFieldOfAWrongRegistration(String wrong, String field) {
    UnaryOperator<ServedModel.Builder> model =
        builder ->
            switch (wrong) {
              case "digest" -> builder.setDigest("none");
              case "context" -> builder.setContextLength(0);
              case "sequences" -> builder.setMaxSequences(-1);
              default -> builder;
            };
    NodeRegistration.Builder registration = registration("one");
    registration.setModels(0, model.apply(registration.getModelsBuilder(0)));
    switch (wrong) {
      case "node" -> registration.setNode("a b");
      case "incarnation" -> registration.clearIncarnation();
      case "zone" -> registration.clearZone();
      case "external" -> registration.setZone(Zone.ZONE_EXTERNAL);
      case "address" -> registration.setAddress("http://host:1/");
      case "port" -> registration.setAddress("host:70000");
      case "twice" -> registration.addModels(registration.getModels(0));
      default -> {}
    }
    assertThatExceptionOfType(RefusedReportException.class)
        .isThrownBy(() -> fleet.register(new Stream(), registration.build()))
        .satisfies(refused -> assertThat(refused.failure().getParameter()).isEqualTo(field));
    assertThat(fleet.targets()).isEmpty();
  }

  @Test
  void aLoadBeforeARegistrationIsRefused() {
    assertThatExceptionOfType(RefusedReportException.class)
        .isThrownBy(() -> fleet.report(new Stream(), load(0, 0, 0)));
  }
}
