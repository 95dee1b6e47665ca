package ringfence.router.fleet;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouterCommand;
import ringfence.router.Failures;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Loopback;
import ringfence.tls.MethodRules;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;

/// Hears the nodes' reports. With TLS a node is who its certificate says, and registers as nobody
/// else.
public final class FleetService extends FleetGrpc.FleetImplBase {
  /// Who may call what.
  public static final MethodRules RULES = MethodRules.none().and(Role.NODE, "Report");

  private final Fleet fleet;
  private final LinkSecurity links;
  private final RouterCommand registered;

  /// Feeds a fleet.
  ///
  /// @param links who calls
  /// @param router name of this router
  /// @param incarnation random per process start
  /// @param reportIntervalMillis how often nodes report
  public FleetService(
      Fleet fleet,
      LinkSecurity links,
      String router,
      String incarnation,
      int reportIntervalMillis) {
    this.fleet = fleet;
    this.links = links;
    this.registered =
        RouterCommand.newBuilder()
            .setRegistered(
                RouterCommand.Registered.newBuilder()
                    .setRouter(router)
                    .setIncarnation(incarnation)
                    .setReportIntervalMillis(reportIntervalMillis))
            .build();
  }

  @Override
  public StreamObserver<NodeReport> report(StreamObserver<RouterCommand> commands) {
    Reporting reporting =
        new Reporting((ServerCallStreamObserver<RouterCommand>) commands, links.caller());
    reporting.commands.setOnCancelHandler(() -> fleet.lost(reporting, "its stream broke"));
    return reporting;
  }

  private static void checkClaim(@Nullable ProcessIdentity caller, NodeRegistration registration)
      throws RefusedReportException {
    if (caller == null) {
      if (!Loopback.isHost(Loopback.withoutPort(registration.getAddress()))) {
        throw new RefusedReportException(
            "registration.address", "without TLS a node has to be on the router's own machine");
      }
      return;
    }
    if (!caller.name().equals(registration.getNode())) {
      throw mismatch(caller, "registration.node", registration.getNode());
    }
    if (caller.zone() != registration.getZone()) {
      throw mismatch(caller, "registration.zone", registration.getZone().name());
    }
  }

  private static RefusedReportException mismatch(
      ProcessIdentity caller, String field, String claimed) {
    return new RefusedReportException(
        Failure.newBuilder()
            .setReason(Failure.Reason.IDENTITY_MISMATCH)
            .setParameter(field)
            .setMessage(
                field + " is '" + shortened(claimed) + "', but the certificate proves " + caller)
            .build());
  }

  private static String shortened(String claimed) {
    return claimed.length() > 64 ? claimed.substring(0, 64) + "…" : claimed;
  }

  private final class Reporting implements StreamObserver<NodeReport>, NodeStream {
    private final ServerCallStreamObserver<RouterCommand> commands;
    private final @Nullable ProcessIdentity caller;
    private long sequenceNumber;
    private boolean closed;

    Reporting(ServerCallStreamObserver<RouterCommand> commands, @Nullable ProcessIdentity caller) {
      this.commands = commands;
      this.caller = caller;
    }

    @Override
    public void onNext(NodeReport report) {
      if (isClosed()) {
        return;
      }
      try {
        if (report.getSequenceNumber() != sequenceNumber + 1) {
          throw new RefusedReportException(
              "sequence_number", (sequenceNumber + 1) + " expected, rising by one");
        }
        sequenceNumber++;
        switch (report.getReportCase()) {
          case REGISTRATION -> {
            checkClaim(caller, report.getRegistration());
            fleet.register(this, report.getRegistration());
            send(registered);
          }
          case LOAD -> fleet.report(this, report.getLoad());
          case REPORT_NOT_SET ->
              throw new RefusedReportException("report", "registration or load expected");
        }
      } catch (RefusedReportException refused) {
        fleet.lost(this, refused.failure().getMessage());
        close(refused.failure());
      }
    }

    private synchronized boolean isClosed() {
      return closed;
    }

    @Override
    public synchronized void send(RouterCommand command) {
      if (!closed && !commands.isCancelled()) {
        commands.onNext(command);
      }
    }

    @Override
    public synchronized void close(Failure failure) {
      if (!closed) {
        closed = true;
        if (!commands.isCancelled()) {
          commands.onError(Failures.toException(failure));
        }
      }
    }

    @Override
    public void onError(Throwable broken) {
      fleet.lost(this, "its stream broke");
    }

    @Override
    public void onCompleted() {
      fleet.lost(this, "it said goodbye");
      synchronized (this) {
        if (!closed) {
          closed = true;
          commands.onCompleted();
        }
      }
    }
  }
}
