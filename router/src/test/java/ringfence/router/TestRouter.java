package ringfence.router;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.router.dispatch.DispatchLimits;
import ringfence.router.policy.budget.SpentFile;
import ringfence.router.serving.EventsPlan;
import ringfence.router.serving.LedgerPlan;
import ringfence.router.serving.Router;
import ringfence.router.serving.RouterSettings;
import ringfence.tls.TlsFiles;

/// A whole router of tests, on a free port of loopback.
public final class TestRouter implements AutoCloseable {
  private static final DispatchLimits DISPATCH =
      new DispatchLimits(4, Duration.ofSeconds(20), Duration.ZERO, Duration.ofMillis(300));

  public final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  public final Router router;
  public final int queueLimit;

  public TestRouter() {
    this(Duration.ofMillis(200), 64);
  }

  public TestRouter(Duration drainLimit, int queueLimit) {
    this(drainLimit, queueLimit, DISPATCH, LedgerPlan.NONE);
  }

  public TestRouter(LedgerPlan ledger) {
    this(Duration.ofMillis(200), 64, DISPATCH, ledger);
  }

  /// With a policy file.
  public TestRouter(Path policyFile) {
    this(Duration.ofMillis(200), 64, DISPATCH, LedgerPlan.NONE, policyFile, null);
  }

  /// With an outbox of events, and perhaps a policy file and a ledger.
  public TestRouter(EventsPlan events, LedgerPlan ledger, @Nullable Path policyFile) {
    this(Duration.ofMillis(200), 64, DISPATCH, ledger, events, policyFile, null);
  }

  /// With certificates.
  public TestRouter(TlsFiles tls, @Nullable Path policyFile) {
    this(Duration.ofMillis(200), 64, DISPATCH, LedgerPlan.NONE, policyFile, tls);
  }

  /// With a policy file and a ledger.
  public TestRouter(Path policyFile, LedgerPlan ledger, Duration hedgeAfter) {
    this(
        Duration.ofMillis(200),
        64,
        new DispatchLimits(4, Duration.ofSeconds(20), hedgeAfter, Duration.ofMillis(300)),
        ledger,
        policyFile,
        null);
  }

  public TestRouter(Duration drainLimit, int queueLimit, DispatchLimits dispatch) {
    this(drainLimit, queueLimit, dispatch, LedgerPlan.NONE);
  }

  private TestRouter(
      Duration drainLimit, int queueLimit, DispatchLimits dispatch, LedgerPlan ledger) {
    this(drainLimit, queueLimit, dispatch, ledger, null, null);
  }

  private TestRouter(
      Duration drainLimit,
      int queueLimit,
      DispatchLimits dispatch,
      LedgerPlan ledger,
      @Nullable Path policyFile,
      @Nullable TlsFiles tls) {
    this(drainLimit, queueLimit, dispatch, ledger, EventsPlan.NONE, policyFile, tls);
  }

  private TestRouter(
      Duration drainLimit,
      int queueLimit,
      DispatchLimits dispatch,
      LedgerPlan ledger,
      EventsPlan events,
      @Nullable Path policyFile,
      @Nullable TlsFiles tls) {
    this.queueLimit = queueLimit;
    RouterSettings settings =
        new RouterSettings(
            "test",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Duration.ofMillis(500),
            // Fake nodes report only when a test says so.
            Duration.ofMinutes(1),
            Duration.ofSeconds(60),
            // Nor do tests wait for nodes that they did not start.
            Duration.ZERO,
            100,
            1 << 20,
            8 << 20,
            1_000,
            dispatch,
            100,
            1 << 20,
            1_000,
            queueLimit,
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            4,
            Duration.ofSeconds(30),
            drainLimit,
            ledger,
            events,
            null,
            policyFile,
            policyFile == null ? null : SpentFile.beside(policyFile),
            1,
            Duration.ofMillis(100),
            Duration.ofSeconds(20),
            tls);
    try {
      router = new Router(settings, registry);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  public InetSocketAddress address() {
    return router.address();
  }

  public void awaitInFlight(int count) {
    await(() -> router.inFlight() == count);
  }

  public void awaitDraining() {
    await(() -> !router.isReady());
  }

  public void awaitNodes(int count) {
    await(() ->
        registry.find("ringfence.router.nodes").gauges().stream().mapToDouble(Gauge::value).sum()
            == count);
  }

  /// How many attempts have ended so.
  public double attemptsEnded(Failure.Reason reason) {
    return registry
        .get("ringfence.router.attempts")
        .tag("outcome", reason.name().toLowerCase(Locale.ROOT))
        .counter()
        .count();
  }

  /// Its pool, which grows as it is needed, its links', and one each for housekeeping and alarms.
  public int mostThreads() {
    int cores = Runtime.getRuntime().availableProcessors();
    return Math.max(4, 2 * cores) + Math.max(1, cores / 2) + 2;
  }

  public static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within 20 s");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Override
  public void close() {
    router.close();
  }
}
