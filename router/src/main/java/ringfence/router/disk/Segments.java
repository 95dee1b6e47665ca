package ringfence.router.disk;

import java.util.Collection;
import java.util.List;

/// Names of segments: a prefix, the number of the first record in 16 hexadecimal digits, `.seg`.
///
/// @param prefix what they hold
public record Segments(String prefix) {
  private static final String SUFFIX = ".seg";
  private static final int DIGITS = 16;

  /// The segment that begins with that record.
  public String name(long firstSequence) {
    String digits = Long.toHexString(firstSequence);
    return prefix + "0".repeat(DIGITS - digits.length()) + digits + SUFFIX;
  }

  /// The record that a segment begins with.
  public long firstSequence(String name) {
    if (!isOne(name)) {
      throw new IllegalArgumentException(name);
    }
    return Long.parseUnsignedLong(name, prefix.length(), prefix.length() + DIGITS, 16);
  }

  /// The segments among names, the oldest first.
  public List<String> among(Collection<String> names) {
    return names.stream().filter(this::isOne).sorted().toList();
  }

  private boolean isOne(String name) {
    return name.length() == prefix.length() + DIGITS + SUFFIX.length()
        && name.startsWith(prefix)
        && name.endsWith(SUFFIX)
        && name.substring(prefix.length(), prefix.length() + DIGITS)
            .chars()
            .allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
