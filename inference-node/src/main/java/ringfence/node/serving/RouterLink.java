package ringfence.node.serving;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.node.serving.NodeSettings.HostPort;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouterCommand;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Peer;
import ringfence.tls.Role;

/// The report stream to one router: registers, reports load, and dials again when the stream
/// breaks. All state belongs to the one thread of `timer`.
final class RouterLink implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(RouterLink.class);
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 2_000;

  private final HostPort router;
  private final ScheduledExecutorService timer;
  private final Supplier<NodeRegistration> registration;
  private final Supplier<NodeLoad> load;
  private final NodeStatus status;
  private final LinkSecurity links;
  private ManagedChannel channel;
  private long pauseMillis = FIRST_PAUSE_MILLIS;
  private boolean complained;
  private boolean closed;
  private @Nullable Stream current;

  RouterLink(
      HostPort router,
      ScheduledExecutorService timer,
      Supplier<NodeRegistration> registration,
      Supplier<NodeLoad> load,
      NodeStatus status,
      LinkSecurity links) {
    this.router = router;
    this.timer = timer;
    this.registration = registration;
    this.load = load;
    this.status = status;
    this.links = links;
    this.channel = connect();
  }

  private ManagedChannel connect() {
    return NettyChannelBuilder.forAddress(
            router.host(),
            router.port(),
            links.channel(router.host(), Peer.any(Role.ROUTER), this::revoked))
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(3, TimeUnit.SECONDS)
        .build();
  }

  /// The router's certificate was revoked: its connection ends, and none stands before it shows
  /// another one.
  private void revoked() {
    onTimer(() -> {
      if (!closed) {
        ManagedChannel old = channel;
        channel = connect();
        old.shutdownNow();
      }
    });
  }

  void start() {
    onTimer(this::dial);
  }

  /// Reports at once instead of at the next interval.
  void reportNow() {
    onTimer(() -> {
      if (current != null) {
        current.report();
      }
    });
  }

  private void dial() {
    if (closed) {
      return;
    }
    // The channel's own pause after a refused connection would add to ours.
    channel.resetConnectBackoff();
    Stream stream = new Stream();
    current = stream;
    FleetGrpc.newStub(channel).report(stream);
  }

  private void broken(Stream stream, String why) {
    if (closed || stream != current) {
      return;
    }
    current = null;
    if (!complained) {
      LOG.warnf("no report stream to router %s (%s); dialling on", router, why);
      complained = true;
    }
    later(this::dial, pauseMillis);
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  // A task that throws would end this link in silence; `execute` hands it to the thread's handler
  // instead.
  private void later(Runnable task, long millis) {
    var _ = timer.schedule(() -> timer.execute(task), millis, TimeUnit.MILLISECONDS);
  }

  private void onTimer(Runnable task) {
    try {
      timer.execute(task);
    } catch (RejectedExecutionException e) {
      // The node is going down: what a router still says concerns nobody.
      LOG.tracef("after the end: %s", e.getMessage());
    }
  }

  private void obey(Stream stream, RouterCommand command) {
    switch (command.getCommandCase()) {
      case REGISTERED -> {
        pauseMillis = FIRST_PAUSE_MILLIS;
        complained = false;
        LOG.infof("registered with router %s at %s", command.getRegistered().getRouter(), router);
        int interval = Math.clamp(command.getRegistered().getReportIntervalMillis(), 100, 10_000);
        stream.startReporting(interval);
      }
      case DRAIN -> {
        LOG.infof("router %s asks to drain", router);
        status.drainByOperator(true);
        stream.report();
      }
      case RESUME -> {
        LOG.infof("router %s asks to take attempts again", router);
        status.drainByOperator(false);
        stream.report();
      }
      case COMMAND_NOT_SET -> LOG.debugf("router %s sent a command of a later version", router);
    }
  }

  /// Ends the stream; the router sees the node leave.
  @Override
  public void close() {
    onTimer(() -> {
      closed = true;
      if (current != null) {
        current.complete();
      }
      channel.shutdown();
    });
  }

  private final class Stream implements ClientResponseObserver<NodeReport, RouterCommand> {
    private @Nullable ClientCallStreamObserver<NodeReport> requests;
    private long sequenceNumber;
    private boolean over;
    private boolean reporting;

    @Override
    public void beforeStart(ClientCallStreamObserver<NodeReport> requests) {
      this.requests = requests;
      // Runs inside dial(), on the timer's thread; messages are buffered until the connection
      // stands.
      onTimer(() -> send(NodeReport.newBuilder().setRegistration(registration.get())));
    }

    @Override
    public void onNext(RouterCommand command) {
      onTimer(() -> obey(this, command));
    }

    @Override
    public void onError(Throwable failure) {
      onTimer(() -> {
        over = true;
        broken(this, String.valueOf(failure.getMessage()));
      });
    }

    @Override
    public void onCompleted() {
      onTimer(() -> {
        over = true;
        broken(this, "the router ended it");
      });
    }

    private void startReporting(int intervalMillis) {
      if (!reporting) {
        reporting = true;
        reportEvery(intervalMillis);
      }
    }

    private void reportEvery(int intervalMillis) {
      if (over || closed || current != this) {
        return;
      }
      report();
      later(() -> reportEvery(intervalMillis), intervalMillis);
    }

    // A router that does not read gets no further reports rather than a growing pile of them.
    private void report() {
      if (requests != null && requests.isReady()) {
        send(NodeReport.newBuilder().setLoad(load.get()));
      }
    }

    private void send(NodeReport.Builder report) {
      if (!over && requests != null) {
        requests.onNext(report.setSequenceNumber(++sequenceNumber).build());
      }
    }

    private void complete() {
      if (!over && requests != null) {
        over = true;
        requests.onCompleted();
      }
    }
  }
}
