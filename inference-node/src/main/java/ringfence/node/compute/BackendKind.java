package ringfence.node.compute;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The backends to choose from.
public enum BackendKind {
  /// The fastest that this machine can run.
  AUTO,
  /// The processor's vector units.
  CPU,
  /// A GPU, through Vulkan.
  VULKAN,
  /// Scalar float32, written to be read: slow, the oracle.
  REFERENCE;

  /// As written on a command line.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The kind of that label.
  public static Optional<BackendKind> named(String label) {
    return Arrays.stream(values())
        .filter(k -> k.label().equals(label.strip().toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /// All labels.
  public static List<String> names() {
    return Arrays.stream(values()).map(BackendKind::label).toList();
  }
}
