package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.node.serving.NodeSettings.HostPort;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.tls.LoopbackPlaintext;

/// A node's link to a router that comes and goes, over real gRPC.
@Timeout(60)
class RouterLinkTest {
  private final NodeStatus status = new NodeStatus();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private FakeRouter router;
  private RouterLink link;

  @BeforeEach
  void start() throws IOException {
    router = new FakeRouter(0);
    link =
        new RouterLink(
            new HostPort("127.0.0.1", router.port()),
            timer,
            () -> NodeRegistration.newBuilder().setNode("n").setIncarnation("i").build(),
            () ->
                NodeLoad.newBuilder()
                    .setState(
                        status.isDraining()
                            ? NodeState.NODE_STATE_DRAINING
                            : NodeState.NODE_STATE_READY)
                    .build(),
            status,
            new LoopbackPlaintext(NodeSettings.TLS));
    link.start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    link.close();
    timer.shutdown();
    assertThat(timer.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    router.stop();
  }

  @Test
  void registersFirstAndThenReportsItsLoad() throws InterruptedException {
    NodeReport first = router.next();
    assertThat(first.getRegistration().getNode()).isEqualTo("n");
    assertThat(first.getSequenceNumber()).isEqualTo(1);
    for (int i = 2; i < 6; i++) {
      NodeReport report = router.next();
      assertThat(report.hasLoad()).isTrue();
      assertThat(report.getSequenceNumber()).isEqualTo(i);
    }
  }

  @Test
  void registersAnewWithARouterThatWasRestarted() throws Exception {
    router.next();
    int port = router.port();
    router.stop();
    router = new FakeRouter(port);
    NodeReport first = router.next();
    assertThat(first.hasRegistration()).isTrue();
    assertThat(first.getSequenceNumber()).isEqualTo(1);
    assertThat(router.next().hasLoad()).isTrue();
  }

  @Test
  void drainsAndComesBackWhenTheRouterSaysSo() throws InterruptedException {
    router.next();
    router.command(RouterCommand.newBuilder().setDrain(RouterCommand.Drain.newBuilder()).build());
    while (router.next().getLoad().getState() != NodeState.NODE_STATE_DRAINING) {
      // The report that was under way when the command came.
    }
    assertThat(status.isDraining()).isTrue();
    router.command(RouterCommand.newBuilder().setResume(RouterCommand.Resume.newBuilder()).build());
    while (router.next().getLoad().getState() != NodeState.NODE_STATE_READY) {
      // Likewise.
    }
    assertThat(status.isDraining()).isFalse();
  }

  @Test
  void endsTheStreamWhenTheNodeLeaves() throws InterruptedException {
    router.next();
    link.close();
    assertThat(router.completed.poll(10, TimeUnit.SECONDS)).isTrue();
  }

  /// Stands for a router: hears reports, sends commands.
  private static final class FakeRouter extends FleetGrpc.FleetImplBase {
    private final BlockingQueue<NodeReport> reports = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> completed = new LinkedBlockingQueue<>();
    private final Server server;
    private volatile StreamObserver<RouterCommand> commands;

    FakeRouter(int port) throws IOException {
      server =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
              .addService(this)
              .build()
              .start();
    }

    int port() {
      return server.getPort();
    }

    NodeReport next() throws InterruptedException {
      NodeReport report = reports.poll(20, TimeUnit.SECONDS);
      assertThat(report).as("a report within 20 s").isNotNull();
      return report;
    }

    void command(RouterCommand command) {
      commands.onNext(command);
    }

    void stop() throws InterruptedException {
      server.shutdownNow();
      assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public StreamObserver<NodeReport> report(StreamObserver<RouterCommand> answers) {
      commands = answers;
      return new StreamObserver<>() {
        @Override
        public void onNext(NodeReport report) {
          reports.add(report);
          if (report.hasRegistration()) {
            answers.onNext(
                RouterCommand.newBuilder()
                    .setRegistered(
                        RouterCommand.Registered.newBuilder()
                            .setRouter("fake")
                            .setReportIntervalMillis(100))
                    .build());
          }
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
          completed.add(true);
          answers.onCompleted();
        }
      };
    }
  }
}
