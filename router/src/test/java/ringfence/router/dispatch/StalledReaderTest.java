package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Zone;
import ringfence.router.Alarms;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.Unobserved;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.egress.Egress;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.NodeStream;
import ringfence.router.policy.Caller;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.Policy;
import ringfence.router.routing.Placer;

/// A reader that takes nothing, with a clock that is moved by hand and a way out that leads
/// nowhere.
class StalledReaderTest {
  private long nanos;
  private int asked;
  private int cancelled;
  private boolean ready;
  private int ended;
  private AttemptListener target;
  private Failure failure;
  private final List<RouteEvent> events = new ArrayList<>();

  private final Egress egress =
      new Egress() {
        @Override
        public AttemptStream open(
            EgressGrant grant, GenerationRequest request, long remaining, AttemptListener heard) {
          target = heard;
          return new AttemptStream() {
            @Override
            public void request(int count) {
              asked += count;
            }

            @Override
            public void cancel() {
              cancelled++;
            }
          };
        }

        @Override
        public void abandon(EgressGrant grant) {}
      };

  private final AnswerReader reader =
      new AnswerReader() {
        @Override
        public boolean ready() {
          return ready;
        }

        @Override
        public void event(RouteEvent event) {
          events.add(event);
        }

        @Override
        public void completed() {}

        @Override
        public void failed(Failure why) {
          failure = why;
        }
      };

  private Dispatch start() throws Exception {
    Fleet fleet = new Fleet(1, 1_000_000_000, () -> nanos, () -> Instant.EPOCH, new Unobserved());
    fleet.register(
        new NodeStream() {
          @Override
          public void send(RouterCommand command) {}

          @Override
          public void close(Failure why) {}
        },
        NodeRegistration.newBuilder()
            .setNode("one")
            .setIncarnation("first")
            .setZone(Zone.ZONE_SITE)
            .setAddress("127.0.0.1:1")
            .addModels(
                ServedModel.newBuilder()
                    .setName(FakeNode.MODEL)
                    .setDigest(FakeNode.DIGEST)
                    .setContextLength(100)
                    .setKvTokens(100)
                    .setMaxSequences(1))
            .build());
    Alarms never = (time, task) -> () -> {};
    Dispatcher dispatcher =
        new Dispatcher(
            new Policy(),
            Placer.standard(1_000_000_000, 1),
            fleet,
            egress,
            () -> nanos,
            never,
            new WaitingRoom(0, 0, never),
            new PrefixMemory(0, () -> 7),
            new DispatchLimits(2, Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(1)),
            () -> 7,
            new Unobserved());
    RouteRequest request = TestGateway.request().build();
    Dispatch dispatch =
        dispatcher.dispatch(
            request,
            dispatcher.policy().classify(request, Caller.keyless(""), null),
            Long.MAX_VALUE / 2,
            reader,
            () -> ended++);
    dispatch.start();
    target.event(
        GenerationEvent.newBuilder()
            .setAttempt(1)
            .setStarted(Started.newBuilder().setModelDigest(FakeNode.DIGEST))
            .build());
    return dispatch;
  }

  @Test
  void isGivenUpAfterTheLimit() throws Exception {
    Dispatch dispatch = start();
    assertThat(asked).isZero();
    nanos += Duration.ofSeconds(30).toNanos();
    dispatch.endIfStalled(Duration.ofSeconds(30));
    assertThat(failure).isNull();
    nanos += 1;
    dispatch.endIfStalled(Duration.ofSeconds(30));
    assertThat(failure.getReason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
    assertThat(cancelled).isEqualTo(1);
    assertThat(ended).isEqualTo(1);
  }

  @Test
  void isNotGivenUpOnceItTakesSomething() throws Exception {
    Dispatch dispatch = start();
    nanos += Duration.ofSeconds(29).toNanos();
    ready = true;
    dispatch.readerReady();
    assertThat(asked).isEqualTo(1);
    ready = false;
    nanos += Duration.ofSeconds(29).toNanos();
    dispatch.endIfStalled(Duration.ofSeconds(30));
    assertThat(failure).isNull();
    assertThat(events).hasSize(2);
  }
}
