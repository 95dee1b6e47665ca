package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// Vulkan's result codes.
final class Results {

  private Results() {}

  /// @param doing what was tried, e.g. "allocating 3 MiB"
  static void check(int result, String doing) {
    if (result < VK_SUCCESS) {
      throw failure(result, doing);
    }
  }

  static GpuException failure(int result, String doing) {
    return switch (result) {
      case VK_ERROR_DEVICE_LOST ->
          new GpuException(Reason.DEVICE_LOST, "the device was lost while " + doing);
      case VK_ERROR_OUT_OF_DEVICE_MEMORY ->
          new GpuException(
              Reason.OUT_OF_DEVICE_MEMORY, "the device's memory was used up while " + doing);
      case VK_ERROR_OUT_OF_HOST_MEMORY ->
          new GpuException(
              Reason.OUT_OF_HOST_MEMORY, "the host's memory was used up while " + doing);
      case VK_ERROR_FEATURE_NOT_PRESENT,
          VK_ERROR_EXTENSION_NOT_PRESENT,
          VK_ERROR_LAYER_NOT_PRESENT,
          VK_ERROR_INCOMPATIBLE_DRIVER ->
          new GpuException(Reason.UNSUPPORTED, "not supported (" + result + "): " + doing);
      default -> new GpuException(Reason.INTERNAL, "Vulkan error " + result + " while " + doing);
    };
  }
}
