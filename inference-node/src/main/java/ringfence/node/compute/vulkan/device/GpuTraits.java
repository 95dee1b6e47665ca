package ringfence.node.compute.vulkan.device;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// What a device is and can do.
///
/// @param index its place in the machine's list of devices
/// @param vendorId PCI vendor, e.g. 0x10DE
/// @param driver name and version, for people
/// @param api Vulkan version of the device, e.g. 1.3.230
/// @param cacheKey changes whenever compiled pipelines must not be used again
/// @param subgroupSize what a kernel gets that asks for none
/// @param multiprocessors compute units, where the driver tells
/// @param timestampNanos length of a timestamp's tick; 0: no timestamps
public record GpuTraits(
    int index,
    String name,
    GpuType type,
    int vendorId,
    String driver,
    String api,
    String cacheKey,
    Set<Feature> features,
    List<CooperativeShape> cooperativeShapes,
    int subgroupSize,
    int minSubgroupSize,
    int maxSubgroupSize,
    OptionalInt multiprocessors,
    double timestampNanos,
    Limits limits) {

  /// Sizes that a device stops at.
  ///
  /// @param memoryBytes the largest heap of its own memory
  /// @param maxAllocationBytes of one allocation
  /// @param maxBufferBytes of one buffer
  /// @param sharedBytes shared memory of a workgroup
  /// @param maxInvocations invocations of a workgroup
  /// @param maxGroups workgroups of a dispatch, in x
  public record Limits(
      long memoryBytes,
      long maxAllocationBytes,
      long maxBufferBytes,
      int sharedBytes,
      int maxInvocations,
      int maxGroups,
      int maxGroupsY,
      int maxGroupsZ) {}

  public GpuTraits {
    features = Set.copyOf(features);
    cooperativeShapes = List.copyOf(cooperativeShapes);
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }

  /// True where Vulkan is computed on the processor.
  public boolean isSoftware() {
    return type == GpuType.SOFTWARE;
  }

  /// f16 times f16 summed in f32, by a subgroup, of that shape.
  public boolean hasHalfMatrices(int m, int n, int k) {
    return has(Feature.COOPERATIVE_MATRIX)
        && cooperativeShapes.stream().anyMatch(s -> s.isHalf(m, n, k));
  }

  /// True when a kernel may ask for that subgroup size, or gets it without asking.
  public boolean canHaveSubgroupSize(int size) {
    return size == subgroupSize
        || (has(Feature.SUBGROUP_SIZE) && size >= minSubgroupSize && size <= maxSubgroupSize);
  }
}
