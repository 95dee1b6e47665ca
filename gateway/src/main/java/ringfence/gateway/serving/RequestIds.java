package ringfence.gateway.serving;

import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Names of requests. The router's is always our own, for it has to be unique; the client's own
/// name, where it sent one, goes into `x-request-id` and the logs.
final class RequestIds {
  private static final Pattern VALID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private RequestIds() {}

  /// 32 hexadecimal digits.
  static String fresh() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return hex(random.nextLong()) + hex(random.nextLong());
  }

  private static String hex(long bits) {
    String digits = Long.toHexString(bits);
    return "0".repeat(16 - digits.length()) + digits;
  }

  /// What the client calls its request, where that is short and plain.
  static String named(@Nullable String header, String otherwise) {
    return header != null && VALID.matcher(header).matches() ? header : otherwise;
  }
}
