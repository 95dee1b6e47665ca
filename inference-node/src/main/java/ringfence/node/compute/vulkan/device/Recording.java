package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkBufferCopy;
import org.lwjgl.vulkan.VkCommandBuffer;
import org.lwjgl.vulkan.VkCommandBufferAllocateInfo;
import org.lwjgl.vulkan.VkCommandBufferBeginInfo;
import org.lwjgl.vulkan.VkCommandPoolCreateInfo;
import org.lwjgl.vulkan.VkDependencyInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkMemoryBarrier2;
import org.lwjgl.vulkan.VkQueryPoolCreateInfo;

/// Commands in order, recorded once and submitted as often as wanted; one submission at a time.
/// Every buffer and pipeline named in it must outlive it. For one thread at a time.
///
/// A recording sees all that earlier submissions wrote, and when it is done the host sees all that
/// it wrote. Within it, commands may overlap until a [#barrier] says otherwise.
public final class Recording extends Gpu.Child implements AutoCloseable {
  private static final long TRANSFER_OR_COMPUTE =
      VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT | VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT;

  private final Gpu gpu;
  private final long pool;
  private final VkCommandBuffer commands;
  private final long queries;
  private final int capacity;
  private final List<String> labels = new ArrayList<>();
  private @Nullable Pipeline bound;
  private boolean ended;
  private long lastValue;

  Recording(Gpu gpu, int timestamps) {
    if (timestamps < 0 || timestamps > 1 << 16) {
      throw new IllegalArgumentException("room for " + timestamps + " timestamps");
    }
    this.gpu = gpu;
    // Devices without timestamps record none, and their recordings have no timings.
    this.capacity = gpu.traits().timestampNanos() > 0 ? timestamps : 0;
    VkDevice device = gpu.device();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      LongBuffer made = stack.callocLong(1);
      gpu.check(
          vkCreateCommandPool(
              device,
              VkCommandPoolCreateInfo.calloc(stack)
                  .sType$Default()
                  .queueFamilyIndex(gpu.queueFamily()),
              null,
              made),
          "making a command pool");
      pool = made.get(0);
      made.put(0, VK_NULL_HANDLE);
      try {
        PointerBuffer handle = stack.mallocPointer(1);
        gpu.check(
            vkAllocateCommandBuffers(
                device,
                VkCommandBufferAllocateInfo.calloc(stack)
                    .sType$Default()
                    .commandPool(pool)
                    .level(VK_COMMAND_BUFFER_LEVEL_PRIMARY)
                    .commandBufferCount(1),
                handle),
            "making a command buffer");
        commands = new VkCommandBuffer(handle.get(0), device);
        if (capacity > 0) {
          gpu.check(
              vkCreateQueryPool(
                  device,
                  VkQueryPoolCreateInfo.calloc(stack)
                      .sType$Default()
                      .queryType(VK_QUERY_TYPE_TIMESTAMP)
                      .queryCount(capacity),
                  null,
                  made),
              "making room for timestamps");
        }
        queries = made.get(0);
        gpu.check(
            vkBeginCommandBuffer(commands, VkCommandBufferBeginInfo.calloc(stack).sType$Default()),
            "recording");
      } catch (RuntimeException e) {
        vkDestroyCommandPool(device, pool, null);
        throw e;
      }
    }
    if (capacity > 0) {
      vkCmdResetQueryPool(commands, queries, 0, capacity);
    }
    barrier(
        TRANSFER_OR_COMPUTE,
        VK_ACCESS_2_MEMORY_WRITE_BIT,
        TRANSFER_OR_COMPUTE | VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
        VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
  }

  /// Runs a kernel on so many workgroups.
  public Recording dispatch(Pipeline pipeline, int x, int y, int z, PushConstants constants) {
    GpuTraits.Limits limits = gpu.traits().limits();
    if (x < 1
        || y < 1
        || z < 1
        || x > limits.maxGroups()
        || y > limits.maxGroupsY()
        || z > limits.maxGroupsZ()) {
      throw new IllegalArgumentException(
          pipeline.name() + " on " + x + " x " + y + " x " + z + " workgroups");
    }
    open();
    try {
      bind(pipeline, constants);
      vkCmdDispatch(commands, x, y, z);
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Runs a kernel on as many workgroups as three `uint`s in a buffer say, written by an earlier
  /// command or by the host.
  public Recording dispatch(
      Pipeline pipeline, GpuBuffer groups, long offset, PushConstants constants) {
    Objects.checkFromIndexSize(offset, 3L * Integer.BYTES, groups.size());
    open();
    try {
      bind(pipeline, constants);
      vkCmdDispatchIndirect(commands, groups.handle(), offset);
    } finally {
      gpu.leave();
    }
    return this;
  }

  private void bind(Pipeline pipeline, PushConstants constants) {
    if (bound != pipeline) {
      vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle());
      bound = pipeline;
    }
    ByteBuffer bytes = constants.bytes();
    if (bytes.hasRemaining()) {
      vkCmdPushConstants(commands, gpu.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, bytes);
    }
  }

  /// Kernels after this see what kernels before it wrote.
  public Recording barrier() {
    open();
    try {
      barrier(
          VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
          VK_ACCESS_2_SHADER_WRITE_BIT,
          VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT,
          VK_ACCESS_2_SHADER_READ_BIT | VK_ACCESS_2_SHADER_WRITE_BIT);
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Kernels, copies, fills and indirect dispatches after this see what kernels, copies and fills
  /// before it wrote.
  public Recording fullBarrier() {
    open();
    try {
      barrier(
          TRANSFER_OR_COMPUTE,
          VK_ACCESS_2_MEMORY_WRITE_BIT,
          TRANSFER_OR_COMPUTE | VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
          VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
    } finally {
      gpu.leave();
    }
    return this;
  }

  private void barrier(long fromStage, long fromAccess, long toStage, long toAccess) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      vkCmdPipelineBarrier2(
          commands,
          VkDependencyInfo.calloc(stack)
              .sType$Default()
              .pMemoryBarriers(
                  VkMemoryBarrier2.calloc(1, stack)
                      .sType$Default()
                      .srcStageMask(fromStage)
                      .srcAccessMask(fromAccess)
                      .dstStageMask(toStage)
                      .dstAccessMask(toAccess)));
    }
  }

  /// Copies bytes between buffers.
  public Recording copy(GpuBuffer from, long fromOffset, GpuBuffer to, long toOffset, long bytes) {
    Objects.checkFromIndexSize(fromOffset, bytes, from.size());
    Objects.checkFromIndexSize(toOffset, bytes, to.size());
    if (bytes == 0) {
      return this;
    }
    open();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      vkCmdCopyBuffer(
          commands,
          from.handle(),
          to.handle(),
          VkBufferCopy.calloc(1, stack).srcOffset(fromOffset).dstOffset(toOffset).size(bytes));
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Fills with a repeated word.
  ///
  /// @param offset a multiple of 4
  /// @param bytes a multiple of 4
  public Recording fill(GpuBuffer buffer, long offset, long bytes, int word) {
    Objects.checkFromIndexSize(offset, bytes, buffer.size());
    if (offset % 4 != 0 || bytes % 4 != 0) {
      throw new IllegalArgumentException("offset and bytes of a fill are multiples of 4");
    }
    if (bytes == 0) {
      return this;
    }
    open();
    try {
      vkCmdFillBuffer(commands, buffer.handle(), offset, bytes, word);
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Notes the time when all commands so far are done.
  ///
  /// @throws IllegalStateException when there is no room for one more
  public Recording timestamp(String label) {
    if (gpu.traits().timestampNanos() <= 0) {
      return this;
    }
    if (labels.size() == capacity) {
      throw new IllegalStateException("a recording with room for " + capacity + " timestamps");
    }
    open();
    try {
      vkCmdWriteTimestamp2(commands, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, queries, labels.size());
      labels.add(label);
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Ends the recording, which can then be submitted and no longer be added to.
  public Recording end() {
    open();
    try {
      barrier(
          TRANSFER_OR_COMPUTE,
          VK_ACCESS_2_MEMORY_WRITE_BIT,
          VK_PIPELINE_STAGE_2_HOST_BIT,
          VK_ACCESS_2_HOST_READ_BIT);
      gpu.check(vkEndCommandBuffer(commands), "recording");
      ended = true;
    } finally {
      gpu.leave();
    }
    return this;
  }

  /// Begins a use of the device that adds a command.
  private void open() {
    if (ended) {
      throw new IllegalStateException("the recording was ended");
    }
    gpu.enter();
  }

  VkCommandBuffer ready(long done) {
    if (!ended) {
      throw new IllegalStateException("the recording was not ended");
    }
    if (lastValue > done) {
      throw new IllegalStateException("the recording still runs from an earlier submission");
    }
    return commands;
  }

  void submittedAs(long value) {
    lastValue = value;
  }

  /// The device's clock at each timestamp. The submission is done.
  long[] ticks() {
    if (labels.isEmpty()) {
      return new long[0];
    }
    gpu.enter();
    try {
      long[] ticks = new long[labels.size()];
      gpu.check(
          vkGetQueryPoolResults(
              gpu.device(), queries, 0, ticks.length, ticks, Long.BYTES, VK_QUERY_RESULT_64_BIT),
          "reading timestamps");
      return ticks;
    } finally {
      gpu.leave();
    }
  }

  /// Labels of the timestamps.
  List<String> labels() {
    return labels;
  }

  /// When a label's point was reached, after the submission's first.
  public record Timing(String label, double nanos) {}

  /// Gives it back. Where it still runs, that is waited for; where it never ends, closing the
  /// device gives it back.
  @Override
  public void close() {
    if (gpu.isOver(lastValue)) {
      gpu.release(this);
    }
  }

  @Override
  void destroy() {
    gpu.restSoftware();
    if (queries != VK_NULL_HANDLE) {
      vkDestroyQueryPool(gpu.device(), queries, null);
    }
    vkDestroyCommandPool(gpu.device(), pool, null);
  }
}
