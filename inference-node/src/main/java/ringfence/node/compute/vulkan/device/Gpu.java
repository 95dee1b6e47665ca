package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCommandBufferSubmitInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkDeviceQueueCreateInfo;
import org.lwjgl.vulkan.VkPipelineLayoutCreateInfo;
import org.lwjgl.vulkan.VkPushConstantRange;
import org.lwjgl.vulkan.VkQueue;
import org.lwjgl.vulkan.VkSemaphoreCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreSubmitInfo;
import org.lwjgl.vulkan.VkSemaphoreTypeCreateInfo;
import org.lwjgl.vulkan.VkSemaphoreWaitInfo;
import org.lwjgl.vulkan.VkSubmitInfo2;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// An opened device with one queue, on which submissions run in the order they were made.
///
/// Safe for use by several threads; a [Recording] belongs to one at a time. Every call after
/// [#close] fails with a [GpuException], also when another thread closes in between.
public final class Gpu implements AutoCloseable {
  /// Bytes of push constants that every device has.
  public static final int PUSH_BYTES = 128;

  private static final long WAIT_SLICE_NANOS = 50_000_000;
  private static final long CLOSE_WAIT_NANOS = 5_000_000_000L;

  private final GpuInstance instance;
  private final GpuTraits traits;
  private final VkDevice device;
  private final VkQueue queue;
  private final int queueFamily;
  private final long layout;
  private final long timeline;
  private final PipelineStore pipelines;
  private final MemoryTypes memory;
  // Readers use the device, the writer closes it.
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final Object queueLock = new Object();
  private final Children children = new Children();
  private long submitted;
  private long attempts;
  private SubmissionFaults faults = submission -> Optional.empty();
  private volatile boolean closed;
  private volatile @Nullable GpuException lost;

  static Gpu create(
      GpuInstance instance,
      GpuCandidate candidate,
      GpuTraits traits,
      @Nullable Path pipelineCaches) {
    VkDevice device = createDevice(candidate, traits);
    try {
      return new Gpu(instance, candidate, traits, device, pipelineCaches);
    } catch (RuntimeException e) {
      vkDestroyDevice(device, null);
      throw e;
    }
  }

  private static VkDevice createDevice(GpuCandidate candidate, GpuTraits traits) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      FeatureChain asked = new FeatureChain(stack, candidate.extensions());
      asked.ask(candidate.device());
      FeatureChain wanted = new FeatureChain(stack, candidate.extensions());
      List<String> extensions = wanted.extensions();
      PointerBuffer names = stack.mallocPointer(extensions.size());
      extensions.forEach(name -> names.put(stack.UTF8(name)));
      VkDeviceCreateInfo info =
          VkDeviceCreateInfo.calloc(stack)
              .sType$Default()
              .pNext(wanted.request(traits.features(), asked.hasBfloatMatrices()).address())
              .ppEnabledExtensionNames(names.flip())
              .pQueueCreateInfos(
                  VkDeviceQueueCreateInfo.calloc(1, stack)
                      .sType$Default()
                      .queueFamilyIndex(candidate.queueFamily())
                      .pQueuePriorities(stack.floats(1)));
      PointerBuffer handle = stack.mallocPointer(1);
      Results.check(
          vkCreateDevice(candidate.device(), info, null, handle), "opening " + traits.name());
      return new VkDevice(handle.get(0), candidate.device(), info, VK_API_VERSION_1_3);
    }
  }

  private Gpu(
      GpuInstance instance,
      GpuCandidate candidate,
      GpuTraits traits,
      VkDevice device,
      @Nullable Path pipelineCaches) {
    this.instance = instance;
    this.traits = traits;
    this.device = device;
    this.queueFamily = candidate.queueFamily();
    this.memory = new MemoryTypes(candidate.device(), traits);
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer handle = stack.mallocPointer(1);
      vkGetDeviceQueue(device, queueFamily, 0, handle);
      queue = new VkQueue(handle.get(0), device);
      LongBuffer made = stack.mallocLong(1);
      Results.check(
          vkCreateSemaphore(
              device,
              VkSemaphoreCreateInfo.calloc(stack)
                  .sType$Default()
                  .pNext(
                      VkSemaphoreTypeCreateInfo.calloc(stack)
                          .sType$Default()
                          .semaphoreType(VK_SEMAPHORE_TYPE_TIMELINE)),
              null,
              made),
          "making a semaphore");
      timeline = made.get(0);
      Results.check(
          vkCreatePipelineLayout(
              device,
              VkPipelineLayoutCreateInfo.calloc(stack)
                  .sType$Default()
                  .pPushConstantRanges(
                      VkPushConstantRange.calloc(1, stack)
                          .stageFlags(VK_SHADER_STAGE_COMPUTE_BIT)
                          .size(PUSH_BYTES)),
              null,
              made),
          "making a pipeline layout");
      layout = made.get(0);
    }
    pipelines = new PipelineStore(device, layout, traits, pipelineCaches);
  }

  public GpuTraits traits() {
    return traits;
  }

  /// Bytes of the device's own memory that this process can still have, as far as the driver tells:
  /// the whole heap where it doesn't.
  public long freeMemory() {
    enter();
    try {
      return memory.free();
    } finally {
      leave();
    }
  }

  /// A buffer; what is in it at first is undefined.
  ///
  /// @throws GpuException `UNSUPPORTED` when the device has no buffers of that size,
  ///   `OUT_OF_DEVICE_MEMORY` when there is no room
  public GpuBuffer allocate(long bytes, MemoryUse use) {
    enter();
    try {
      return children.add(GpuBuffer.create(this, memory, bytes, use));
    } finally {
      leave();
    }
  }

  /// A pipeline of a compute module whose entry point is `main`.
  ///
  /// @param spirv the module
  /// @param constants specialisation constants, ids from 0
  /// @param subgroupSize invocations of a subgroup, all of them there; 0: as the driver likes
  /// @param name for messages
  public Pipeline pipeline(ByteBuffer spirv, int[] constants, int subgroupSize, String name) {
    enter();
    try {
      return children.add(pipelines.create(this, spirv, constants, subgroupSize, name));
    } catch (GpuException e) {
      throw note(e);
    } finally {
      leave();
    }
  }

  /// Begins a recording that can hold so many timestamps.
  public Recording record(int timestamps) {
    enter();
    try {
      return children.add(new Recording(this, timestamps));
    } finally {
      leave();
    }
  }

  /// Begins a recording without timestamps.
  public Recording record() {
    return record(0);
  }

  /// Says of each submission, by its number, how it fails; empty: not.
  @FunctionalInterface
  public interface SubmissionFaults {
    Optional<Reason> of(long submission);
  }

  /// From now on lets submissions fail as those of a broken device do, so that it can be tried what
  /// comes then. With `DEVICE_LOST` nothing works afterwards.
  ///
  /// @param of numbers submissions from 0
  public void failSubmissions(SubmissionFaults of) {
    synchronized (queueLock) {
      faults = of;
      attempts = 0;
    }
  }

  /// On a device that is really lost nothing runs any more.
  private void failSubmission() {
    faults
        .of(attempts++)
        .ifPresent(reason -> {
          vkQueueWaitIdle(queue);
          throw note(new GpuException(reason, traits.name() + " failed as it was told to"));
        });
  }

  /// Hands recordings to the device, which runs them in this order after all that came before; each
  /// sees what earlier ones wrote.
  ///
  /// @throws IllegalStateException when one is not ended, or still runs from an earlier submission
  public Submission submit(Recording... recordings) {
    enter();
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var buffers = VkCommandBufferSubmitInfo.calloc(recordings.length, stack);
      synchronized (queueLock) {
        long done = reached();
        for (int i = 0; i < recordings.length; i++) {
          buffers.get(i).sType$Default().commandBuffer(recordings[i].ready(done));
        }
        failSubmission();
        long value = submitted + 1;
        var info =
            VkSubmitInfo2.calloc(1, stack)
                .sType$Default()
                .pCommandBufferInfos(buffers)
                .pSignalSemaphoreInfos(
                    VkSemaphoreSubmitInfo.calloc(1, stack)
                        .sType$Default()
                        .semaphore(timeline)
                        .value(value)
                        .stageMask(VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT));
        check(vkQueueSubmit2(queue, info, VK_NULL_HANDLE), "handing over work");
        submitted = value;
        for (Recording recording : recordings) {
          recording.submittedAs(value);
        }
        return new Submission(this, value, List.of(recordings));
      }
    } finally {
      leave();
    }
  }

  /// The last submission that is done.
  long reached() {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      LongBuffer value = stack.mallocLong(1);
      check(vkGetSemaphoreCounterValue(device, timeline, value), "asking how far it is");
      return value.get(0);
    }
  }

  boolean isReached(long value) {
    enter();
    try {
      return reached() >= value;
    } finally {
      leave();
    }
  }

  /// True once that submission no longer runs, for which this waits (with a bound).
  boolean isOver(long value) {
    try {
      return value == 0 || waitFor(value, CLOSE_WAIT_NANOS);
    } catch (GpuException e) {
      // Nothing runs on a device that is lost or closed.
      return e.reason() == Reason.DEVICE_LOST || e.reason() == Reason.CLOSED;
    }
  }

  /// Waits in slices, so that another thread can close the device meanwhile.
  boolean waitFor(long value, long nanos) {
    long end = System.nanoTime() + nanos;
    while (true) {
      enter();
      try {
        long left = end - System.nanoTime();
        if (waitSlice(value, Math.clamp(left, 0, WAIT_SLICE_NANOS))) {
          return true;
        }
        if (left <= 0) {
          return false;
        }
      } finally {
        leave();
      }
    }
  }

  private boolean waitSlice(long value, long nanos) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var info =
          VkSemaphoreWaitInfo.calloc(stack)
              .sType$Default()
              .semaphoreCount(1)
              .pSemaphores(stack.longs(timeline))
              .pValues(stack.longs(value));
      int result = vkWaitSemaphores(device, info, nanos);
      check(result, "waiting for its work");
      return result == VK_SUCCESS;
    }
  }

  /// Begins a use of the device; [#leave] ends it.
  void enter() {
    lock.readLock().lock();
    GpuException failure = lost;
    if (closed || failure != null) {
      lock.readLock().unlock();
      if (failure != null && !closed) {
        throw new GpuException(failure.reason(), String.valueOf(failure.getMessage()), failure);
      }
      throw new GpuException(Reason.CLOSED, traits.name() + " was closed");
    }
  }

  void leave() {
    lock.readLock().unlock();
  }

  void check(int result, String doing) {
    if (result < VK_SUCCESS) {
      throw note(Results.failure(result, traits.name() + ": " + doing));
    }
  }

  private GpuException note(GpuException failure) {
    if (failure.reason() == Reason.DEVICE_LOST) {
      lost = failure;
    }
    return failure;
  }

  /// True once the device was lost: all that is left is to close it.
  public boolean isLost() {
    return lost != null;
  }

  VkDevice device() {
    return device;
  }

  int queueFamily() {
    return queueFamily;
  }

  long layout() {
    return layout;
  }

  /// Destroys a part of this device, unless closing the device did.
  void release(Child child) {
    lock.readLock().lock();
    try {
      if (children.remove(child)) {
        child.destroy();
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  /// Waits (with a bound) for what runs, then destroys the device and all that is on it.
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (lost == null) {
        finish();
      }
      children.destroyAll();
      pipelines.close(lost == null);
      vkDestroyPipelineLayout(device, layout, null);
      vkDestroySemaphore(device, timeline, null);
      vkDestroyDevice(device, null);
    } finally {
      lock.writeLock().unlock();
    }
    instance.forget(this);
  }

  /// Waits until the queue's thread is at rest. Where Vulkan is computed on the processor, it may
  /// still read the commands of work that counts as done.
  void restSoftware() {
    if (traits.isSoftware()) {
      synchronized (queueLock) {
        vkQueueWaitIdle(queue);
      }
    }
  }

  private void finish() {
    try {
      if (waitSlice(submitted, CLOSE_WAIT_NANOS)) {
        check(vkDeviceWaitIdle(device), "waiting for its end");
      }
    } catch (GpuException e) {
      // It is closed because of this or in spite of it.
      System.getLogger(Gpu.class.getName())
          .log(System.Logger.Level.WARNING, "closing: {0}", e.getMessage());
    }
  }

  /// What lives on a device and goes with it.
  abstract static class Child {
    abstract void destroy();
  }

  private static final class Children {
    private final Set<Child> all = new LinkedHashSet<>();

    synchronized <T extends Child> T add(T child) {
      all.add(child);
      return child;
    }

    synchronized boolean remove(Child child) {
      return all.remove(child);
    }

    synchronized void destroyAll() {
      all.forEach(Child::destroy);
      all.clear();
    }
  }
}
