package ringfence.node.compute.vulkan.device;

/// What a device is.
public enum GpuType {
  /// A card with memory of its own.
  DISCRETE,
  /// Shares the processor's memory.
  INTEGRATED,
  /// A share of somebody's card.
  VIRTUAL,
  /// Vulkan computed on the processor, such as lavapipe: right and slow.
  SOFTWARE,
  OTHER
}
