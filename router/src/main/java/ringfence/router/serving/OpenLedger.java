package ringfence.router.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.router.disk.FolderDisk;
import ringfence.router.ledger.Ledger;
import ringfence.router.ledger.LedgerObserver;

/// The router's ledger with the thread that writes it.
final class OpenLedger implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(OpenLedger.class);
  private static final long CLOSE_SECONDS = 5;

  private final ExecutorService committer;
  private final Ledger ledger;

  private OpenLedger(ExecutorService committer, Ledger ledger) {
    this.committer = committer;
    this.ledger = ledger;
  }

  /// Opens the ledger of a plan; null: it has none.
  ///
  /// @throws IOException that names the setting
  static @Nullable OpenLedger of(LedgerPlan plan, LongSupplier nanoClock, MeterRegistry registry)
      throws IOException {
    if (plan.folder().isEmpty()) {
      return null;
    }
    // One thread that writes; what waits for it is bounded by the ledger's own queue.
    ExecutorService committer =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("router-ledger").daemon().factory());
    FolderDisk disk = null;
    try {
      disk = FolderDisk.open(plan.folder().get());
      Ledger ledger =
          Ledger.open(
              disk,
              plan.limits(),
              InstantSource.system(),
              nanoClock,
              committer,
              new Metered(registry));
      Gauge.builder("ringfence.router.ledger.waiting", ledger::waiting)
          .description("Attempts that wait for their record")
          .register(registry);
      LOG.infof("ledger in %s with %d records", disk, ledger.records());
      return new OpenLedger(committer, ledger);
    } catch (IOException failed) {
      committer.shutdownNow();
      if (disk != null) {
        disk.close();
      }
      throw new IOException(
          "ringfence.router.ledger.folder "
              + plan.folder().get()
              + " can't be used: "
              + failed.getMessage(),
          failed);
    }
  }

  Ledger ledger() {
    return ledger;
  }

  @Override
  public void close() {
    committer.shutdown();
    try {
      if (!committer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.error("the ledger's last write hangs; its end is checked at the next start");
        return;
      }
      ledger.close();
    } catch (IOException failed) {
      LOG.errorf("the ledger's head could not be written: %s", failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Metered implements LedgerObserver {
    private final Timer commits;
    private final Counter records;
    private final Counter failures;

    Metered(MeterRegistry registry) {
      commits =
          Timer.builder("ringfence.router.ledger.commit")
              .description("Time of one commit, its sync included")
              .publishPercentileHistogram()
              .minimumExpectedValue(Duration.ofNanos(10_000))
              .maximumExpectedValue(Duration.ofSeconds(4))
              .register(registry);
      records =
          Counter.builder("ringfence.router.ledger.records")
              .description("Records made durable")
              .register(registry);
      failures =
          Counter.builder("ringfence.router.ledger.failures")
              .description("Commits that failed: what waited was refused")
              .register(registry);
    }

    @Override
    public void committed(int count, long nanos) {
      commits.record(nanos, TimeUnit.NANOSECONDS);
      records.increment(count);
    }

    @Override
    public void commitFailed(String why) {
      failures.increment();
      LOG.errorf("the ledger can't be written, and nothing leaves the site: %s", why);
    }

    @Override
    public void tailCutOff(String segment, long bytes) {
      LOG.warnf(
          "%s ended in %d bytes of a commit that was never completed; they were cut off, and what they would have recorded never left",
          segment, bytes);
    }

    @Override
    public void dropped(long throughSequence) {
      LOG.infof("retention dropped the ledger's records up to %d", throughSequence);
    }
  }
}
