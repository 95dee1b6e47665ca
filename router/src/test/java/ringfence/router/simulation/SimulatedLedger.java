package ringfence.router.simulation;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.Failure;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.egress.OpenExit;
import ringfence.router.ledger.Ledger;
import ringfence.router.ledger.LedgerObserver;
import ringfence.router.ledger.LedgerSettings;
import ringfence.router.policy.EgressGrant;

/// A router's real ledger and last door on a disk of its own, which can be full and whose power can
/// be cut.
final class SimulatedLedger {
  /// Making keys costs as much as ten worlds: all of them begin with the same ones.
  private static final MemoryDisk FRESH = fresh();

  private final Simulation simulation;
  private MemoryDisk disk = FRESH.copy();
  private OpenExit exit;

  SimulatedLedger(Simulation simulation) {
    this.simulation = simulation;
  }

  /// @param committer where records are written
  /// @param executor where it is heard that they are
  void open(Executor committer, Executor executor) {
    World world = simulation.world;
    // A router that can't open its ledger does not start: it starts when there is room again.
    full(false);
    try {
      Ledger ledger =
          Ledger.open(
              disk,
              LedgerSettings.STANDARD,
              () -> Instant.ofEpochSecond(1_700_000_000 + simulation.wallClockOffset),
              world::now,
              committer,
              new Unheard());
      exit = new OpenExit(ledger, world::now, executor);
    } catch (IOException damaged) {
      world.violated(
          Violation.Rule.LedgerBeforeBytes, "it can't be opened: " + damaged.getMessage());
    }
  }

  private static MemoryDisk fresh() {
    MemoryDisk disk = new MemoryDisk();
    try (Ledger _ =
        Ledger.open(
            disk,
            LedgerSettings.STANDARD,
            () -> Instant.EPOCH,
            () -> 0,
            Runnable::run,
            new Unheard())) {
      return disk;
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  void powerCut() {
    disk = disk.afterPowerCut(simulation.world.random);
  }

  void full(boolean full) {
    disk.failWith(
        full
            ? _ -> {
              throw new IOException("No space left on device");
            }
            : null);
  }

  void depart(
      EgressGrant grant, int attempt, ByteString bytes, Runnable go, Consumer<Failure> refused) {
    exit.depart(
        grant,
        grant.requestId(),
        attempt,
        bytes,
        go,
        failure -> {
          simulation.statistics.count("refused by the ledger");
          refused.accept(failure);
        });
  }

  /// Looks at the disk, not at what the ledger says.
  void bytesLeave(EgressGrant grant) {
    byte[] record =
        Departure.newBuilder()
            .setRequestId(grant.requestId())
            .setAttempt(grant.attempt())
            .setTenant(grant.tenant())
            .setTarget(grant.target().name())
            .build()
            .toByteArray();
    if (!disk.holdsDurably(record)) {
      simulation.world.violated(
          Violation.Rule.LedgerBeforeBytes,
          grant.requestId() + "/" + grant.attempt() + " leaves without a record");
    }
    simulation.statistics.count("recorded");
  }

  private static final class Unheard implements LedgerObserver {
    @Override
    public void committed(int records, long nanos) {}

    @Override
    public void commitFailed(String why) {}

    @Override
    public void tailCutOff(String segment, long bytes) {}

    @Override
    public void dropped(long throughSequence) {}
  }
}
