package ringfence.node.compute.vulkan.device;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// Which of a machine's devices to use.
public final class GpuChoice {

  private GpuChoice() {}

  /// The best usable device that is no software, if there is one.
  public static Optional<GpuCandidate> best(List<GpuCandidate> candidates) {
    return usable(candidates).stream().filter(c -> !traits(c).isSoftware()).max(order());
  }

  /// The device that was asked for, software too.
  ///
  /// @param wanted its number, or part of its name in any case; empty: the best one
  /// @throws GpuException `NO_DEVICE` saying what there is
  public static GpuCandidate named(List<GpuCandidate> candidates, String wanted) {
    String text = wanted.strip().toLowerCase(Locale.ROOT);
    if (text.isEmpty()) {
      return usable(candidates).stream()
          .max(order())
          .orElseThrow(() -> none("no Vulkan device can be used", candidates));
    }
    List<GpuCandidate> matching =
        candidates.stream()
            .filter(c ->
                text.equals(String.valueOf(c.index()))
                    || c.name().toLowerCase(Locale.ROOT).contains(text))
            .toList();
    // A number is a number first: '2' is not a part of 'H200'.
    Optional<GpuCandidate> numbered =
        matching.stream().filter(c -> text.equals(String.valueOf(c.index()))).findFirst();
    List<GpuCandidate> left = numbered.map(List::of).orElse(matching);
    if (left.isEmpty()) {
      throw none("no Vulkan device is number or named '" + wanted.strip() + "'", candidates);
    }
    return usable(left).stream()
        .max(order())
        .orElseThrow(() -> none("that Vulkan device can't be used", left));
  }

  private static List<GpuCandidate> usable(List<GpuCandidate> candidates) {
    return candidates.stream()
        .filter(c -> c.unusable().isEmpty() && c.traits().isPresent())
        .toList();
  }

  private static GpuTraits traits(GpuCandidate candidate) {
    return candidate.traits().orElseThrow();
  }

  private static int rank(GpuType type) {
    return switch (type) {
      case DISCRETE -> 4;
      case VIRTUAL -> 3;
      case INTEGRATED -> 2;
      case OTHER -> 1;
      case SOFTWARE -> 0;
    };
  }

  // Of equals the first, as drivers list them.
  private static Comparator<GpuCandidate> order() {
    return Comparator.<GpuCandidate>comparingInt(c -> rank(traits(c).type()))
        .thenComparingLong(c -> traits(c).limits().memoryBytes())
        .thenComparing(Comparator.comparingInt(GpuCandidate::index).reversed());
  }

  private static GpuException none(String what, List<GpuCandidate> candidates) {
    String there =
        candidates.isEmpty()
            ? "there is none"
            : candidates.stream()
                .map(c ->
                    c.index()
                        + " "
                        + c.name()
                        + c.unusable().map(why -> " (" + why + ")").orElse(""))
                .collect(Collectors.joining(", ", "there are: ", ""));
    return new GpuException(Reason.NO_DEVICE, what + "; " + there);
  }
}
