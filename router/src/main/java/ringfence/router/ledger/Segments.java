package ringfence.router.ledger;

import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of segments.
final class Segments {
  private static final Pattern NAME = Pattern.compile("ledger-([0-9a-f]{16})\\.seg");

  private Segments() {}

  /// The segment that begins with that record.
  static String name(long firstSequence) {
    String digits = Long.toHexString(firstSequence);
    return "ledger-" + "0".repeat(16 - digits.length()) + digits + ".seg";
  }

  /// The record that a segment begins with.
  static long firstSequence(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(name);
    }
    return Long.parseUnsignedLong(matcher.group(1), 16);
  }

  /// The segments among names, the oldest first.
  static List<String> among(Collection<String> names) {
    return names.stream().filter(name -> NAME.matcher(name).matches()).sorted().toList();
  }
}
