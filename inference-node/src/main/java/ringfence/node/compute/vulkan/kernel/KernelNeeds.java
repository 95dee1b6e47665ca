package ringfence.node.compute.vulkan.kernel;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.GpuTraits;

/// What a kernel needs of a device.
///
/// @param features all of them
/// @param sharedBytes shared memory of a workgroup
/// @param invocations of a workgroup
/// @param halfMatrices 0 or a shape of f16 matrices, `m << 16 | n << 8 | k`
public record KernelNeeds(
    Set<Feature> features, int sharedBytes, int invocations, int halfMatrices) {

  public KernelNeeds {
    features = Set.copyOf(features);
  }

  /// A workgroup of that size, with these features.
  public static KernelNeeds of(int invocations, Feature... features) {
    Set<Feature> all = EnumSet.noneOf(Feature.class);
    all.addAll(Set.of(features));
    return new KernelNeeds(all, 0, invocations, 0);
  }

  public KernelNeeds plus(Feature feature) {
    Set<Feature> all = EnumSet.of(feature);
    all.addAll(features);
    return new KernelNeeds(all, sharedBytes, invocations, halfMatrices);
  }

  public KernelNeeds shared(int bytes) {
    return new KernelNeeds(features, bytes, invocations, halfMatrices);
  }

  /// Cooperative matrices of f16, summed in f32, of that shape.
  public KernelNeeds halfMatrices(int m, int n, int k) {
    return new KernelNeeds(features, sharedBytes, invocations, m << 16 | n << 8 | k);
  }

  /// What a device lacks, for people; empty when it has it all.
  public Optional<String> missing(GpuTraits traits) {
    for (Feature feature : features) {
      if (!traits.has(feature)) {
        return Optional.of("no " + feature.label());
      }
    }
    if (sharedBytes > traits.limits().sharedBytes()) {
      return Optional.of(
          sharedBytes + " bytes of shared memory, there are " + traits.limits().sharedBytes());
    }
    if (invocations > traits.limits().maxInvocations()) {
      return Optional.of(
          "workgroups of " + invocations + ", the most is " + traits.limits().maxInvocations());
    }
    int m = halfMatrices >> 16;
    int n = halfMatrices >> 8 & 0xFF;
    int k = halfMatrices & 0xFF;
    if (halfMatrices != 0 && !traits.hasHalfMatrices(m, n, k)) {
      return Optional.of("no f16 matrices of " + m + "x" + n + "x" + k);
    }
    return Optional.empty();
  }
}
