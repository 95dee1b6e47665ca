package ringfence.node.compute.vulkan.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The small arguments of a dispatch, in the order of the kernel's `push_constant` block, laid out
/// as GLSL does: each value at a multiple of its size. Addresses first is a good habit.
public final class PushConstants {
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(Gpu.PUSH_BYTES).order(ByteOrder.nativeOrder());

  /// A pointer to the beginning of a buffer.
  public PushConstants address(GpuBuffer buffer) {
    return address(buffer, 0);
  }

  /// A pointer into a buffer.
  public PushConstants address(GpuBuffer buffer, long offset) {
    if (offset < 0 || offset >= buffer.size()) {
      throw new IndexOutOfBoundsException(
          "offset " + offset + " in a buffer of " + buffer.size() + " bytes");
    }
    return address(buffer.address() + offset);
  }

  /// A pointer; 0 where the kernel does not use it.
  public PushConstants address(long address) {
    room(Long.BYTES);
    bytes.putLong(address);
    return this;
  }

  /// An `int` or `uint`.
  public PushConstants integer(int value) {
    room(Integer.BYTES);
    bytes.putInt(value);
    return this;
  }

  /// A `float`.
  public PushConstants real(float value) {
    room(Float.BYTES);
    bytes.putFloat(value);
    return this;
  }

  private void room(int size) {
    int start = (bytes.position() + size - 1) / size * size;
    if (start + size > Gpu.PUSH_BYTES) {
      throw new IllegalArgumentException(
          "more than " + Gpu.PUSH_BYTES + " bytes of push constants");
    }
    bytes.position(start);
  }

  /// What was put in so far, as a view.
  ByteBuffer bytes() {
    return bytes.duplicate().flip();
  }
}
