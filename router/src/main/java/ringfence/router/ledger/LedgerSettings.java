package ringfence.router.ledger;

import java.time.Duration;

/// The ledger's limits.
///
/// @param maxSegmentBytes a segment that has reached it is followed by the next one
/// @param maxRecords older segments are dropped while the others hold as many
/// @param maxAge segments whose records are all older are dropped
/// @param maxWaiting records that may wait for a commit; one more is refused
/// @param waitLimit how long one may wait
/// @param headInterval the signed head on disk is at most so much older than the last record
public record LedgerSettings(
    int maxSegmentBytes,
    long maxRecords,
    Duration maxAge,
    int maxWaiting,
    Duration waitLimit,
    Duration headInterval) {

  /// As the router is delivered.
  public static final LedgerSettings STANDARD =
      new LedgerSettings(
          16 << 20,
          1_000_000,
          Duration.ofDays(400),
          4_096,
          Duration.ofSeconds(2),
          Duration.ofSeconds(1));
}
