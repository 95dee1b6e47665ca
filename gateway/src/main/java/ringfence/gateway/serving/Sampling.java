package ringfence.gateway.serving;

import io.opentelemetry.api.trace.SpanContext;
import java.util.concurrent.ThreadLocalRandom;

/// Which requests' traces are kept: those that a client keeps, and of those that begin here a part
/// that is drawn.
///
/// @param part 0 to 1
record Sampling(double part) {

  /// @throws IllegalArgumentException when it is no part; the message names the key
  Sampling {
    if (!(part >= 0 && part <= 1)) {
      throw new IllegalArgumentException(
          "ringfence.gateway.telemetry.sampling is " + part + "; expected 0 to 1");
    }
  }

  /// Whether a request's trace is kept.
  ///
  /// @param client its span; an invalid one: it named none
  boolean keeps(SpanContext client) {
    return client.isValid() ? client.isSampled() : ThreadLocalRandom.current().nextDouble() < part;
  }
}
