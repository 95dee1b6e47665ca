package ringfence.router.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.proto.v1.DescribeFleetRequest;
import ringfence.proto.v1.NodeState;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;

/// Nodes' report streams over real gRPC.
@Timeout(60)
class FleetServiceTest {
  private final TestRouter router = new TestRouter();
  private final TestGateway gateway = new TestGateway(router.address());

  @AfterEach
  void close() {
    gateway.close();
    router.close();
  }

  @Test
  void aSecondNodeOfTheSameNameEndsTheFirstsStream() throws Exception {
    try (FakeNode older = new FakeNode("same").register(router.address());
        FakeNode newer = new FakeNode("same").register(router.address())) {
      assertThat(older.streamEnds.poll(10, TimeUnit.SECONDS)).contains("ABORTED");
      var nodes =
          gateway
              .blocking()
              .describeFleet(DescribeFleetRequest.getDefaultInstance())
              .getNodesList();
      assertThat(nodes)
          .singleElement()
          .satisfies(node ->
              assertThat(node.getRegistration().getIncarnation()).isEqualTo(newer.incarnation));
    }
  }

  @Test
  void aDeadNodeIsGoneAtOnce() throws Exception {
    try (FakeNode node = new FakeNode("one").register(router.address())) {
      router.awaitNodes(1);
      node.kill();
      router.awaitNodes(0);
    }
  }

  @Test
  void aMalformedLoadEndsTheStreamAndNamesTheField() throws Exception {
    try (FakeNode node = new FakeNode("one").register(router.address())) {
      node.report(NodeState.NODE_STATE_UNSPECIFIED);
      assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).contains("load.state");
      router.awaitNodes(0);
    }
  }

  @Test
  void aDrainingNodeGetsNoAttempts() throws Exception {
    try (FakeNode node = new FakeNode("one").register(router.address())) {
      node.report(NodeState.NODE_STATE_DRAINING);
      TestRouter.await(() ->
          gateway
                  .blocking()
                  .describeFleet(DescribeFleetRequest.getDefaultInstance())
                  .getNodes(0)
                  .getState()
              == NodeState.NODE_STATE_DRAINING);
      assertThat(gateway.ask(TestGateway.request().build()).failure().getRetryAfterMillis())
          .isPositive();
      assertThat(node.requests).isEmpty();
    }
  }
}
