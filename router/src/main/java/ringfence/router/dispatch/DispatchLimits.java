package ringfence.router.dispatch;

import java.time.Duration;

/// How patient dispatches are.
///
/// @param maxAttempts of one request in a row that bring no token
/// @param stallLimit a target that is expected to send a token and sends none for so long is left
///   for another one
/// @param hedgeAfter an attempt without a token after so long gets a rival on another target of its
///   zone; zero: never
/// @param maxWait for the first token, where the request does not say
public record DispatchLimits(
    int maxAttempts, Duration stallLimit, Duration hedgeAfter, Duration maxWait) {

  boolean hedges() {
    return !hedgeAfter.isZero();
  }
}
