package ringfence.router;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import ringfence.router.serving.Router;
import ringfence.router.serving.RouterSettings;

/// A whole router of tests, on a free port of loopback.
public final class TestRouter implements AutoCloseable {
  public final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  public final Router router;

  public TestRouter() {
    this(Duration.ofMillis(200), 64);
  }

  public TestRouter(Duration drainLimit, int queueLimit) {
    RouterSettings settings =
        new RouterSettings(
            "test",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Duration.ofMillis(500),
            // Fake nodes report only when a test says so.
            Duration.ofMinutes(1),
            100,
            1 << 20,
            8 << 20,
            1_000,
            4,
            queueLimit,
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            drainLimit);
    try {
      router = new Router(settings, registry);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  public InetSocketAddress address() {
    return router.address();
  }

  @Override
  public void close() {
    router.close();
  }
}
