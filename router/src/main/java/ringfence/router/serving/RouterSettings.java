package ringfence.router.serving;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import ringfence.router.dispatch.DispatchLimits;
import ringfence.router.policy.budget.SpentFile;
import ringfence.telemetry.TelemetrySettings;
import ringfence.tls.TlsFiles;

/// The router's configuration, checked.
///
/// @param spentFile what tenants have used; null: it is kept nowhere
/// @param budgetRouters each enforces that part of every budget
/// @param policyFile null: everybody is the same caller, who needs no key
/// @param listen without TLS a loopback address
/// @param telemetry null: nothing is exported
/// @param tls null: there is none
public record RouterSettings(
    String name,
    InetSocketAddress listen,
    Duration reportInterval,
    Duration silenceLimit,
    Duration awaitLostNodes,
    Duration awaitFirstReports,
    int maxNodes,
    int maxPromptBytes,
    long maxInFlightPromptBytes,
    int maxInFlight,
    DispatchLimits dispatch,
    int maxWaiting,
    long maxWaitingPromptBytes,
    int rememberedPrefixes,
    int nodeQueueLimit,
    Duration defaultDeadline,
    Duration maxDeadline,
    Duration nodeKeepAlive,
    int nodeConnections,
    Duration readerStallLimit,
    Duration drainLimit,
    LedgerPlan ledger,
    EventsPlan events,
    @Nullable TelemetrySettings telemetry,
    @Nullable Path policyFile,
    @Nullable Path spentFile,
    int budgetRouters,
    Duration policyPoll,
    Duration screeningLimit,
    @Nullable TlsFiles tls) {
  static final String TLS = "ringfence.router.tls";
  private static final String PREFIX = "ringfence.router.";

  /// Checks a configuration.
  ///
  /// @throws IllegalArgumentException when a value is out of its range; the message names the key
  public static RouterSettings of(RouterConfig config) {
    if (!config.name().matches("[A-Za-z0-9._-]{1,64}")) {
      throw wrong("name", config.name(), "1 to 64 characters of A-Z a-z 0-9 . _ -");
    }
    Duration silenceLimit =
        between(
            "silence-limit", config.silenceLimit(), Duration.ofMillis(200), Duration.ofMinutes(1));
    Duration reportInterval =
        between(
            "report-interval",
            config.reportInterval(),
            Duration.ofMillis(100),
            Duration.ofSeconds(10));
    if (reportInterval.multipliedBy(2).compareTo(silenceLimit) > 0) {
      throw wrong("silence-limit", silenceLimit, "at least twice " + PREFIX + "report-interval");
    }
    Duration maxDeadline =
        between("max-deadline", config.maxDeadline(), Duration.ofSeconds(1), Duration.ofDays(7));
    int maxPromptBytes = between("max-prompt-bytes", config.maxPromptBytes(), 1_024, 1 << 30);
    if (config.maxInFlightPromptBytes() < maxPromptBytes) {
      throw wrong(
          "max-in-flight-prompt-bytes",
          config.maxInFlightPromptBytes(),
          "at least " + PREFIX + "max-prompt-bytes");
    }
    TlsFiles tls = TlsFiles.of(TLS, config.tls());
    return new RouterSettings(
        config.name(),
        listen(config.listenAddress(), tls != null),
        reportInterval,
        silenceLimit,
        between("await-lost-nodes", config.awaitLostNodes(), Duration.ZERO, Duration.ofHours(1)),
        between(
            "await-first-reports",
            config.awaitFirstReports(),
            Duration.ZERO,
            Duration.ofMinutes(5)),
        between("max-nodes", config.maxNodes(), 1, 100_000),
        maxPromptBytes,
        config.maxInFlightPromptBytes(),
        between("max-in-flight", config.maxInFlight(), 1, 1_000_000),
        dispatch(config),
        between("max-waiting", config.maxWaiting(), 0, 1_000_000),
        atLeast("max-waiting-prompt-bytes", config.maxWaitingPromptBytes(), 0),
        between("remembered-prefixes", config.rememberedPrefixes(), 0, 10_000_000),
        between("node-queue-limit", config.nodeQueueLimit(), 0, 1_000_000),
        between("default-deadline", config.defaultDeadline(), Duration.ofMillis(1), maxDeadline),
        maxDeadline,
        between(
            "node-keep-alive", config.nodeKeepAlive(), Duration.ofSeconds(1), Duration.ofHours(1)),
        between("node-connections", config.nodeConnections(), 1, 64),
        between(
            "reader-stall-limit",
            config.readerStallLimit(),
            Duration.ofSeconds(1),
            Duration.ofHours(1)),
        between("drain-limit", config.drainLimit(), Duration.ZERO, Duration.ofHours(1)),
        LedgerPlan.of(config.ledger()),
        EventsPlan.of(config.events()),
        TelemetrySettings.of("ringfence.router.telemetry", config.telemetry()),
        config.policyFile().orElse(null),
        config.spentFile().or(() -> config.policyFile().map(SpentFile::beside)).orElse(null),
        between("budget-routers", config.budgetRouters(), 1, 1_000),
        between("policy-poll", config.policyPoll(), Duration.ofMillis(100), Duration.ofMinutes(1)),
        between(
            "screening-limit",
            config.screeningLimit(),
            Duration.ofMillis(10),
            Duration.ofMinutes(1)),
        tls);
  }

  private static DispatchLimits dispatch(RouterConfig config) {
    Duration hour = Duration.ofHours(1);
    return new DispatchLimits(
        between("max-attempts", config.maxAttempts(), 1, 100),
        between("stall-limit", config.stallLimit(), Duration.ofMillis(100), hour),
        between("hedge-after", config.hedgeAfter(), Duration.ZERO, hour),
        between("max-wait", config.maxWait(), Duration.ofMillis(1), hour));
  }

  private static InetSocketAddress listen(String address, boolean secured) {
    int colon = address.lastIndexOf(':');
    if (colon < 1) {
      throw wrong("listen-address", address, "host:port");
    }
    String host = address.substring(0, colon).replaceAll("^\\[(.*)]$", "$1");
    int port;
    try {
      port = Integer.parseInt(address.substring(colon + 1));
    } catch (NumberFormatException notNumber) {
      throw wrong("listen-address", address, "host:port with a port of 0 to 65535", notNumber);
    }
    if (port < 0 || port > 65_535) {
      throw wrong("listen-address", address, "host:port with a port of 0 to 65535");
    }
    InetAddress resolved;
    try {
      resolved = InetAddress.getByName(host);
    } catch (UnknownHostException unknown) {
      throw wrong("listen-address", address, "a host that has an address", unknown);
    }
    if (!secured && !resolved.isLoopbackAddress()) {
      throw wrong(
          "listen-address",
          address,
          "a loopback address: beyond loopback anybody could send prompts and pose as a node;"
              + " set "
              + TlsFiles.keys(TLS));
    }
    return new InetSocketAddress(resolved, port);
  }

  private static long atLeast(String key, long value, long least) {
    if (value < least) {
      throw wrong(key, value, "at least " + least);
    }
    return value;
  }

  static int between(String key, int value, int least, int most) {
    if (value < least || value > most) {
      throw wrong(key, value, least + " to " + most);
    }
    return value;
  }

  static Duration between(String key, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw wrong(key, value, least + " to " + most);
    }
    return value;
  }

  static IllegalArgumentException wrong(String key, Object value, String expected) {
    return wrong(key, value, expected, null);
  }

  private static IllegalArgumentException wrong(
      String key, Object value, String expected, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        PREFIX + key + " is " + value + "; expected " + expected, cause);
  }
}
