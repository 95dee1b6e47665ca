package ringfence.router.serving;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import ringfence.router.ledger.LedgerSettings;

/// Where the ledger lies and what it keeps, checked.
///
/// @param folder empty: there is none, and nothing leaves the site
/// @param recordsAll also attempts that stay in the site
public record LedgerPlan(Optional<Path> folder, boolean recordsAll, LedgerSettings limits) {
  /// No ledger.
  public static final LedgerPlan NONE =
      new LedgerPlan(Optional.empty(), false, LedgerSettings.STANDARD);

  static LedgerPlan of(RouterConfig.Ledger config) {
    boolean all = config.record().equals("all");
    if (!all && !config.record().equals("departures")) {
      throw RouterSettings.wrong("ledger.record", config.record(), "departures or all");
    }
    if (all && config.folder().isEmpty()) {
      throw RouterSettings.wrong(
          "ledger.record", "all", "departures where ringfence.router.ledger.folder is not set");
    }
    if (config.maxRecords() < 1) {
      throw RouterSettings.wrong("ledger.max-records", config.maxRecords(), "1 or more");
    }
    return new LedgerPlan(
        config.folder(),
        all,
        new LedgerSettings(
            RouterSettings.between(
                "ledger.segment-bytes", config.segmentBytes(), 64 << 10, 128 << 20),
            config.maxRecords(),
            RouterSettings.between(
                "ledger.max-age", config.maxAge(), Duration.ofHours(1), Duration.ofDays(36_500)),
            RouterSettings.between("ledger.max-waiting", config.maxWaiting(), 1, 1_000_000),
            RouterSettings.between(
                "ledger.wait-limit",
                config.waitLimit(),
                Duration.ofMillis(10),
                Duration.ofSeconds(4)),
            RouterSettings.between(
                "ledger.head-interval",
                config.headInterval(),
                Duration.ofMillis(1),
                Duration.ofMinutes(1))));
  }
}
