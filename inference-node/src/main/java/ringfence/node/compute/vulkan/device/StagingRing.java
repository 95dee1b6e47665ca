package ringfence.node.compute.vulkan.device;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// A fixed number of host buffers through which data goes to the device: threads fill slots while
/// earlier ones are copied, and a thread that finds none free waits. Safe for several threads.
public final class StagingRing implements AutoCloseable {
  private final Gpu gpu;
  private final Duration limit;
  private final int slotBytes;
  private final List<GpuBuffer> buffers = new ArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition freed = lock.newCondition();
  private final Deque<GpuBuffer> free = new ArrayDeque<>();
  private final Deque<Sent> sent = new ArrayDeque<>();
  private final Map<String, Double> deviceNanos = new HashMap<>();
  private boolean reclaiming;
  private @Nullable GpuException failure;

  private record Sent(GpuBuffer buffer, Recording copy, Submission submission) {}

  /// @param slots buffers, at least 1
  /// @param slotBytes bytes of each
  /// @param limit how long one slot's copy may take
  public StagingRing(Gpu gpu, int slots, int slotBytes, Duration limit) {
    this.gpu = gpu;
    this.slotBytes = slotBytes;
    this.limit = limit;
    try {
      for (int i = 0; i < slots; i++) {
        buffers.add(gpu.allocate(slotBytes, MemoryUse.UPLOAD));
      }
    } catch (GpuException e) {
      buffers.forEach(GpuBuffer::close);
      throw e;
    }
    free.addAll(buffers);
  }

  /// Bytes that a slot holds.
  public int slotBytes() {
    return slotBytes;
  }

  /// A slot to fill, which must be sent or given back.
  ///
  /// @throws GpuException `TIMEOUT` when none came free in time
  public Slot take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = limit.toNanos();
      while (free.isEmpty()) {
        check();
        if (sent.isEmpty() || reclaiming) {
          // All are with threads that fill them, or somebody waits for the oldest already.
          left = freed.awaitNanos(left);
          if (left <= 0) {
            throw new GpuException(
                Reason.TIMEOUT, "no staging buffer came free in " + limit.toMillis() + " ms");
          }
        } else {
          reclaim();
        }
      }
      check();
      return new Slot(free.pop());
    } finally {
      lock.unlock();
    }
  }

  /// Waits for the oldest, which is done first. Others may send meanwhile.
  private void reclaim() {
    Sent oldest = sent.element();
    reclaiming = true;
    lock.unlock();
    @Nullable GpuException thrown = null;
    try {
      oldest.submission().await(limit);
    } catch (GpuException e) {
      thrown = e;
    } finally {
      lock.lock();
      reclaiming = false;
      freed.signalAll();
    }
    if (thrown != null) {
      failure = failure == null ? thrown : failure;
      throw thrown;
    }
    if (!oldest.equals(sent.peek())) {
      // The ring was closed meanwhile.
      check();
      return;
    }
    sent.remove();
    note(oldest.submission().timings());
    oldest.copy().close();
    free.push(oldest.buffer());
  }

  private void note(List<Recording.Timing> timings) {
    for (int i = 1; i < timings.size(); i++) {
      deviceNanos.merge(
          timings.get(i).label(), timings.get(i).nanos() - timings.get(i - 1).nanos(), Double::sum);
    }
  }

  /// Nanoseconds that passed on the device before each timestamp of what was sent and is done,
  /// since the one before it, by label; without those that [Slot#run] took none.
  public Map<String, Double> deviceNanos() {
    lock.lock();
    try {
      return Map.copyOf(deviceNanos);
    } finally {
      lock.unlock();
    }
  }

  private void check() {
    if (failure != null) {
      throw new GpuException(failure.reason(), String.valueOf(failure.getMessage()), failure);
    }
  }

  /// Waits until everything that was sent has arrived.
  public void finish() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      check();
      while (!sent.isEmpty()) {
        if (reclaiming) {
          freed.await();
        } else {
          reclaim();
        }
        check();
      }
    } finally {
      lock.unlock();
    }
  }

  /// A host buffer to fill, by one thread.
  public final class Slot {
    private @Nullable GpuBuffer buffer;

    private Slot(GpuBuffer buffer) {
      this.buffer = buffer;
    }

    /// `slotBytes` bytes with anything in them. Written from the beginning on, once each: reading
    /// it back is slow.
    public MemorySegment bytes() {
      return held().mapped();
    }

    /// Begins to copy the first `bytes` of it to a buffer.
    public void send(GpuBuffer to, long offset, long bytes) {
      send(new Piece(0, to, offset, bytes));
    }

    /// Begins to copy pieces of it to where they belong.
    public void send(Piece... pieces) {
      run(
          0,
          (to, from) -> {
            for (Piece piece : pieces) {
              to.copy(from, piece.from(), piece.to(), piece.offset(), piece.bytes());
            }
          });
    }

    /// Begins to run commands that read the slot's buffer, which is free again after them.
    ///
    /// @param timestamps that they note at most
    /// @param commands adds them to a recording, given the buffer
    public void run(int timestamps, BiConsumer<Recording, GpuBuffer> commands) {
      GpuBuffer from = held();
      Recording recording = gpu.record(timestamps);
      try {
        commands.accept(recording, from);
        recording.end();
        lock.lock();
        try {
          check();
          sent.add(new Sent(from, recording, gpu.submit(recording)));
          buffer = null;
          // Somebody may wait for it, where nothing else was under way.
          freed.signal();
        } finally {
          lock.unlock();
        }
      } catch (RuntimeException e) {
        recording.close();
        throw e;
      }
    }

    /// Gives it back unsent, unless it was sent.
    public void giveBack() {
      if (buffer == null) {
        return;
      }
      lock.lock();
      try {
        free.push(buffer);
        buffer = null;
        freed.signal();
      } finally {
        lock.unlock();
      }
    }

    private GpuBuffer held() {
      if (buffer == null) {
        throw new IllegalStateException("the slot was sent or given back");
      }
      return buffer;
    }
  }

  /// Part of a slot, and where it goes.
  ///
  /// @param from first byte in the slot
  /// @param offset first byte in the target
  public record Piece(long from, GpuBuffer to, long offset, long bytes) {}

  /// Waits for what was sent, then gives the buffers back; a slot that a thread still has is lost.
  @Override
  public void close() {
    lock.lock();
    try {
      while (!sent.isEmpty()) {
        // Waits for the copy, with a bound.
        sent.remove().copy().close();
      }
      free.clear();
      if (failure == null) {
        failure = new GpuException(Reason.CLOSED, "the staging buffers were closed");
      }
      freed.signalAll();
      buffers.forEach(GpuBuffer::close);
    } finally {
      lock.unlock();
    }
  }
}
