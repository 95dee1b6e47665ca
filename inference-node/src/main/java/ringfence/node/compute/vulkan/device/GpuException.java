package ringfence.node.compute.vulkan.device;

import org.jspecify.annotations.Nullable;

/// A device that can't do what was asked, or can't any more.
public final class GpuException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// What to do about it.
  public enum Reason {
    /// No Vulkan on this machine.
    NO_VULKAN,
    /// No device of that name, or one that can't be used.
    NO_DEVICE,
    /// The device lacks a feature, or a limit of it is too low: the same call will fail again.
    UNSUPPORTED,
    /// Give something back and try again.
    OUT_OF_DEVICE_MEMORY,
    /// Give something back and try again.
    OUT_OF_HOST_MEMORY,
    /// The work is still under way; the device is busy or hangs.
    TIMEOUT,
    /// Nothing on this device works any more: close it and open it again.
    DEVICE_LOST,
    /// The device, or the thing on it, was closed.
    CLOSED,
    /// A bug, here or in the driver.
    INTERNAL
  }

  private final Reason reason;

  public GpuException(Reason reason, String message) {
    this(reason, message, null);
  }

  public GpuException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
