package ringfence.node.compute;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How keys and values are kept.
public enum KvType {
  /// float16.
  F16,
  /// Bytes, with a float32 scale for 32 of a head's numbers: 9 bytes in place of 16.
  Q8;

  /// As written on a command line.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The type of that label.
  public static Optional<KvType> named(String label) {
    return Arrays.stream(values())
        .filter(type -> type.label().equals(label.strip().toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /// All labels.
  public static List<String> names() {
    return Arrays.stream(values()).map(KvType::label).toList();
  }
}
