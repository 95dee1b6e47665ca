package ringfence.router.events;

import java.time.Duration;

/// The outbox' limits.
///
/// @param maxBytes of all segments. Up to a half of it is kept of what need not be kept; from three
///   quarters on placements and node states are dropped; from nine tenths on new requests are
///   refused, and the last tenth is for those in flight
/// @param maxSegmentBytes a segment that has reached it is followed by the next one
/// @param maxAge what need not be kept and is older is dropped
/// @param maxTold events that may be lost and wait for a commit; one more is lost
/// @param waitLimit how long an answer's end or a departure may wait for its event
/// @param publishes everything is kept until it was published
public record OutboxSettings(
    long maxBytes,
    int maxSegmentBytes,
    Duration maxAge,
    int maxTold,
    Duration waitLimit,
    boolean publishes) {

  long keptBytes() {
    return maxBytes / 2;
  }

  long toldBytes() {
    return maxBytes / 4 * 3;
  }

  long requestBytes() {
    return maxBytes / 10 * 9;
  }
}
