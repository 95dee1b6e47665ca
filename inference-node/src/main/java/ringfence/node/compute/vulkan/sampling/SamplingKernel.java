package ringfence.node.compute.vulkan.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelNeeds;
import ringfence.node.compute.vulkan.kernel.KernelVariant;

/// The kernels that draw tokens, in the order in which they run.
public enum SamplingKernel {
  /// A row's copy, masked.
  COPY(KernelModule.of("sample_adjust.comp", Map.of("STEP", 0)), 256, 0),
  /// Logit bias, on the copy.
  BIAS(KernelModule.of("sample_adjust.comp", Map.of("STEP", 1)), 256, 0),
  /// Penalties, on the copy.
  PENALTY(KernelModule.of("sample_adjust.comp", Map.of("STEP", 2)), 256, 0),
  /// The highest logit of each part of a row.
  BEST(KernelModule.of("sample_best.comp"), 256, 4096),
  /// The draw.
  PICK(KernelModule.of("sample_pick.comp"), 1024, 32_000),
  /// The mass of a row and its most probable tokens.
  LOG_PROBS(KernelModule.of("sample_log_probs.comp"), 1024, 32_000);

  /// Subgroups of known size that a workgroup may have on devices with few of them.
  private static final int MOST_SUBGROUPS = 32;

  /// Every device has workgroups of 128; we need a power of two.
  private static final int LEAST_THREADS = 128;

  @SuppressWarnings("ImmutableEnumChecker") // its map can't be written
  private final KernelModule module;

  private final int threads;
  private final int sharedBytes;

  SamplingKernel(KernelModule module, int threads, int sharedBytes) {
    this.module = module;
    this.threads = threads;
    this.sharedBytes = sharedBytes;
  }

  /// With workgroups as large as the device allows, up to what is useful.
  KernelVariant on(GpuTraits traits) {
    int most =
        Math.min(
            Integer.highestOneBit(traits.limits().maxInvocations()),
            MOST_SUBGROUPS * traits.subgroupSize());
    return with(Math.min(threads, most)).subgroups(traits.subgroupSize());
  }

  private KernelVariant with(int workgroup) {
    return KernelVariant.of(module, KernelNeeds.of(workgroup).shared(sharedBytes), workgroup);
  }

  /// One of each.
  public static List<KernelVariant> variants() {
    return Arrays.stream(values()).map(kernel -> kernel.with(LEAST_THREADS)).toList();
  }
}
