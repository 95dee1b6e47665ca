package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCreateInfo;
import org.lwjgl.vulkan.VkBufferDeviceAddressInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryAllocateFlagsInfo;
import org.lwjgl.vulkan.VkMemoryAllocateInfo;
import org.lwjgl.vulkan.VkMemoryRequirements;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// Memory that a device uses, with an allocation of its own. Kernels reach it by its address.
public final class GpuBuffer extends Gpu.Child implements AutoCloseable {
  private static final int USAGE =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
          | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT
          | VK_BUFFER_USAGE_TRANSFER_SRC_BIT
          | VK_BUFFER_USAGE_TRANSFER_DST_BIT
          | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

  private final Gpu gpu;
  private final long handle;
  private final long memory;
  private final long size;
  private final long address;
  private final MemoryUse use;
  private final @Nullable Arena arena;
  private final @Nullable MemorySegment mapped;

  // destroy() closes the arena.
  @SuppressWarnings({"MustBeClosedChecker", "restricted"})
  private GpuBuffer(
      Gpu gpu, long handle, long memory, long size, long address, MemoryUse use, long hostAddress) {
    this.gpu = gpu;
    this.handle = handle;
    this.memory = memory;
    this.size = size;
    this.address = address;
    this.use = use;
    if (use.isMapped()) {
      arena = Arena.ofShared();
      mapped = MemorySegment.ofAddress(hostAddress).reinterpret(size, arena, null);
    } else {
      arena = null;
      mapped = null;
    }
  }

  static GpuBuffer create(Gpu gpu, MemoryTypes types, long bytes, MemoryUse use) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
    GpuTraits.Limits limits = gpu.traits().limits();
    if (bytes > limits.maxBufferBytes() || bytes > limits.maxAllocationBytes()) {
      throw new GpuException(
          Reason.UNSUPPORTED,
          gpu.traits().name()
              + " has no buffers of "
              + bytes
              + " bytes: its largest buffer has "
              + limits.maxBufferBytes()
              + ", its largest allocation "
              + limits.maxAllocationBytes());
    }
    VkDevice device = gpu.device();
    String doing = "allocating " + bytes + " bytes for " + use;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      LongBuffer made = stack.callocLong(1);
      gpu.check(
          vkCreateBuffer(
              device,
              VkBufferCreateInfo.calloc(stack).sType$Default().size(bytes).usage(USAGE),
              null,
              made),
          doing);
      long handle = made.get(0);
      long memory = VK_NULL_HANDLE;
      try {
        memory = allocate(gpu, types, stack, handle, use, doing);
        gpu.check(vkBindBufferMemory(device, handle, memory, 0), doing);
        long hostAddress = 0;
        if (use.isMapped()) {
          PointerBuffer pointer = stack.mallocPointer(1);
          gpu.check(vkMapMemory(device, memory, 0, VK_WHOLE_SIZE, 0, pointer), doing);
          hostAddress = pointer.get(0);
        }
        long address =
            vkGetBufferDeviceAddress(
                device, VkBufferDeviceAddressInfo.calloc(stack).sType$Default().buffer(handle));
        return new GpuBuffer(gpu, handle, memory, bytes, address, use, hostAddress);
      } catch (RuntimeException e) {
        vkDestroyBuffer(device, handle, null);
        if (memory != VK_NULL_HANDLE) {
          vkFreeMemory(device, memory, null);
        }
        throw e;
      }
    }
  }

  private static long allocate(
      Gpu gpu, MemoryTypes types, MemoryStack stack, long handle, MemoryUse use, String doing) {
    var required = VkMemoryRequirements.malloc(stack);
    vkGetBufferMemoryRequirements(gpu.device(), handle, required);
    LongBuffer made = stack.callocLong(1);
    int result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    for (int type : types.candidates(required.memoryTypeBits(), use)) {
      result =
          vkAllocateMemory(
              gpu.device(),
              VkMemoryAllocateInfo.calloc(stack)
                  .sType$Default()
                  .allocationSize(required.size())
                  .memoryTypeIndex(type)
                  .pNext(
                      VkMemoryAllocateFlagsInfo.calloc(stack)
                          .sType$Default()
                          .flags(VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT)),
              null,
              made);
      boolean full =
          result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY;
      // Weights in memory across the bus would be slow without anybody knowing why.
      if (!full || use == MemoryUse.DEVICE) {
        break;
      }
    }
    gpu.check(result, doing);
    return made.get(0);
  }

  public long size() {
    return size;
  }

  /// Where kernels find it; aligned to at least 16 bytes.
  public long address() {
    return address;
  }

  public MemoryUse use() {
    return use;
  }

  /// The host's view, in native byte order. Using it after [#close] throws.
  ///
  /// @throws IllegalStateException for `DEVICE` buffers
  public MemorySegment mapped() {
    if (mapped == null) {
      throw new IllegalStateException("a DEVICE buffer has no host view");
    }
    return mapped;
  }

  long handle() {
    return handle;
  }

  /// Gives the memory back. Nothing that uses it may still run.
  @Override
  public void close() {
    gpu.release(this);
  }

  @Override
  void destroy() {
    if (arena != null) {
      arena.close();
    }
    vkDestroyBuffer(gpu.device(), handle, null);
    vkFreeMemory(gpu.device(), memory, null);
  }
}
