package ringfence.node.compute.vulkan.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;

/// Runs on a device what all kernels build on and compares with what must come out, so that a
/// driver that computes wrongly is found before a model is loaded and not in its answers.
public final class SelfTest {
  private static final int INVOCATIONS = 64;
  private static final int FACTOR = 0x9E3779B1;
  private static final int DOT_WITH = 0x80FF7F01;
  private static final int ROWS = 5;
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private SelfTest() {}

  /// With and without arithmetic on f16.
  public static List<KernelVariant> variants() {
    return List.of(variant(true), variant(false));
  }

  private static KernelVariant variant(boolean half) {
    KernelNeeds needs =
        half
            ? KernelNeeds.of(INVOCATIONS, Feature.FLOAT16, Feature.STORAGE_16)
            : KernelNeeds.of(INVOCATIONS);
    return KernelVariant.of(
        KernelModule.of("self_test.comp", Map.of("HALF", half ? 1 : 0)),
        needs.shared(INVOCATIONS * Integer.BYTES),
        INVOCATIONS);
  }

  /// What the device gets wrong, for people; empty when all is right.
  public static Optional<String> run(Pipelines pipelines) {
    Gpu gpu = pipelines.gpu();
    boolean half = variant(true).missing(gpu.traits()).isEmpty();
    try (GpuBuffer words = gpu.allocate(INVOCATIONS * Integer.BYTES, MemoryUse.SHARED);
        GpuBuffer answers = gpu.allocate(ROWS * INVOCATIONS * Integer.BYTES, MemoryUse.READBACK);
        Recording recording = gpu.record()) {
      for (int i = 0; i < INVOCATIONS; i++) {
        words.mapped().setAtIndex(ValueLayout.JAVA_INT, i, word(i));
      }
      recording
          .dispatch(
              pipelines.get(variant(half)),
              1,
              1,
              1,
              new PushConstants().address(words).address(answers).integer(FACTOR))
          .end();
      gpu.submit(recording).await(LIMIT);
      return check(answers.mapped(), half);
    }
  }

  // Every byte differs from its neighbours, and the low half is a small f16.
  private static int word(int i) {
    return (i * 37 + 11) << 24 | (i * 91 + 5 & 0xFF) << 16 | 0x3C00 | i;
  }

  /// @param half the low halves of the words were read as f16
  static Optional<String> check(MemorySegment answers, boolean half) {
    int sum = 0;
    int sums = 0;
    for (int i = 0; i < INVOCATIONS; i++) {
      sum += word(i) & 0xFFFF;
      sums += at(answers, 2, i);
      if (at(answers, 0, i) != word(i) * FACTOR) {
        return Optional.of("integers are multiplied wrongly");
      }
      if (at(answers, 1, i) != dot(word(i), DOT_WITH) + i) {
        return Optional.of("the integer dot product is wrong");
      }
      if (at(answers, 3, i) != word(i)) {
        return Optional.of("values shuffled within a subgroup don't come back");
      }
      int turned = word(INVOCATIONS - 1 - i);
      float read = Float.float16ToFloat((short) word(i)) + 1;
      if (at(answers, 4, i) != (half ? turned ^ Float.floatToRawIntBits(read) : turned)) {
        return Optional.of("shared memory" + (half ? " or f16" : "") + " is wrong");
      }
    }
    return sums == sum ? Optional.empty() : Optional.of("sums over a subgroup are wrong");
  }

  private static int at(MemorySegment answers, int row, int i) {
    return answers.getAtIndex(ValueLayout.JAVA_INT, (long) row * INVOCATIONS + i);
  }

  private static int dot(int a, int b) {
    int dot = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      dot += (byte) (a >> shift) * (byte) (b >> shift);
    }
    return dot;
  }
}
