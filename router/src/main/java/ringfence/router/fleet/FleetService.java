package ringfence.router.fleet;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouterCommand;
import ringfence.router.Failures;

/// Hears the nodes' reports.
public final class FleetService extends FleetGrpc.FleetImplBase {
  private final Fleet fleet;
  private final RouterCommand registered;

  /// Feeds a fleet.
  ///
  /// @param router name of this router
  /// @param incarnation random per process start
  /// @param reportIntervalMillis how often nodes report
  public FleetService(Fleet fleet, String router, String incarnation, int reportIntervalMillis) {
    this.fleet = fleet;
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
    Reporting reporting = new Reporting((ServerCallStreamObserver<RouterCommand>) commands);
    reporting.commands.setOnCancelHandler(() -> fleet.lost(reporting, "its stream broke"));
    return reporting;
  }

  private final class Reporting implements StreamObserver<NodeReport>, NodeStream {
    private final ServerCallStreamObserver<RouterCommand> commands;
    private long sequenceNumber;
    private boolean closed;

    Reporting(ServerCallStreamObserver<RouterCommand> commands) {
      this.commands = commands;
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
