package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.LoadPart;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuException.Reason;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.StagingRing;
import ringfence.node.compute.vulkan.device.StagingRing.Slot;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// Brings matrices from a mapped file to the device: threads copy runs of rows, as the file has
/// them, into slots of the staging ring; the device copies each to its own memory and repacks it
/// there. Host memory is the ring's.
///
/// Matrices are sent in their order while others work on: whoever needs the first of them waits for
/// [#awaitSent] and submits; submissions run in order.
public final class MatrixUpload implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(30);

  /// A matrix to bring.
  ///
  /// @param data the tensor's bytes, as in the file
  public record Transfer(MemorySegment data, GpuMatrix to) {}

  private record Run(int transfer, int firstRowTile, int rowTiles) {}

  private final Pipelines pipelines;
  private final StagingRing ring;
  private final GpuBuffer stored;
  private final List<Transfer> transfers;
  private final List<Run> runs = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger working;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final long begun = System.nanoTime();
  private final LongAdder readNanos = new LongAdder();
  private final LongAdder waitNanos = new LongAdder();
  private final LongAdder handNanos = new LongAdder();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition progress = lock.newCondition();
  // Runs of each matrix that are not sent yet; matrices before `sent` have none.
  private final int[] left;
  private int sent;
  private volatile long nanos;
  private volatile @Nullable Throwable failure;

  /// Begins to send matrices.
  ///
  /// @param ring closed at the end, however that comes
  /// @param threads that read
  public static MatrixUpload begin(
      Pipelines pipelines, StagingRing ring, int threads, List<Transfer> transfers) {
    MatrixUpload upload;
    try {
      upload = new MatrixUpload(pipelines, ring, threads, transfers);
    } catch (RuntimeException e) {
      ring.close();
      throw e;
    }
    for (int i = 0; i < threads; i++) {
      Thread.ofPlatform().daemon().name("weights-" + i).start(upload::work);
    }
    return upload;
  }

  private MatrixUpload(
      Pipelines pipelines, StagingRing ring, int threads, List<Transfer> transfers) {
    this.pipelines = pipelines;
    this.ring = ring;
    this.transfers = List.copyOf(transfers);
    this.left = new int[transfers.size()];
    this.working = new AtomicInteger(threads);
    for (int i = 0; i < transfers.size(); i++) {
      add(i, transfers.get(i).to().layout());
    }
    Gpu gpu = pipelines.gpu();
    stored = gpu.allocate(ring.slotBytes() + RepackKernel.BEYOND, MemoryUse.DEVICE);
  }

  private void add(int transfer, WeightLayout layout) {
    long tileBytes = WeightLayout.TILE_ROWS * layout.rowBytes();
    int each = Math.toIntExact(Math.min(layout.rowTiles(), ring.slotBytes() / tileBytes));
    if (each == 0) {
      throw new IllegalArgumentException(
          "16 rows of %s take %d bytes, a staging buffer has %d"
              .formatted(layout, tileBytes, ring.slotBytes()));
    }
    for (int from = 0; from < layout.rowTiles(); from += each) {
      runs.add(new Run(transfer, from, Math.min(each, layout.rowTiles() - from)));
      left[transfer]++;
    }
  }

  private void work() {
    try {
      while (failure == null) {
        int index = next.getAndIncrement();
        if (index >= runs.size()) {
          break;
        }
        send(runs.get(index));
        sent(runs.get(index).transfer());
      }
    } catch (InterruptedException | RuntimeException | Error e) {
      fail(e);
    } finally {
      if (working.decrementAndGet() == 0) {
        end();
      }
    }
  }

  private void send(Run run) throws InterruptedException {
    Transfer transfer = transfers.get(run.transfer());
    WeightLayout layout = transfer.to().layout();
    long from = layout.rowBytes() * WeightLayout.TILE_ROWS * run.firstRowTile();
    long bytes = layout.rows(run.firstRowTile(), run.rowTiles()) * layout.rowBytes();
    long start = System.nanoTime();
    Slot slot = ring.take();
    try {
      long taken = System.nanoTime();
      MemorySegment.copy(transfer.data(), from, slot.bytes(), 0, bytes);
      long read = System.nanoTime();
      slot.run(
          3,
          (to, buffer) -> {
            to.timestamp("begin").copy(buffer, 0, stored, 0, bytes).fullBarrier();
            to.timestamp("copy");
            RepackKernel.record(
                to, pipelines, stored.address(), transfer.to(), run.firstRowTile(), run.rowTiles());
            to.timestamp("repack");
          });
      waitNanos.add(taken - start);
      readNanos.add(read - taken);
      handNanos.add(System.nanoTime() - read);
    } finally {
      slot.giveBack();
    }
  }

  private void sent(int transfer) {
    lock.lock();
    try {
      left[transfer]--;
      if (left[transfer] == 0) {
        letGo(transfers.get(transfer).data());
      }
      while (sent < left.length && left[sent] == 0) {
        sent++;
      }
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// Pages of the file that were read leave this process's memory, though not the system's cache.
  private static void letGo(MemorySegment data) {
    if (data.isMapped()) {
      data.unload();
    }
  }

  private void fail(Throwable thrown) {
    lock.lock();
    try {
      if (failure == null) {
        failure = thrown;
      }
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /// By the last of the threads.
  private void end() {
    try {
      if (failure == null) {
        ring.finish();
      }
    } catch (InterruptedException | RuntimeException | Error e) {
      fail(e);
    } finally {
      ring.close();
      stored.close();
      nanos = System.nanoTime() - begun;
      ended.countDown();
    }
  }

  /// Matrices that it brings.
  public int matrices() {
    return transfers.size();
  }

  /// Waits until the first `count` matrices were handed to the device: what is submitted from now
  /// on finds them.
  ///
  /// @throws GpuException when that failed
  public void awaitSent(int count) {
    long remaining = LIMIT.toNanos();
    lock.lock();
    try {
      while (sent < count && failure == null) {
        if (remaining <= 0) {
          throw new GpuException(Reason.TIMEOUT, "weights did not reach the GPU in time");
        }
        remaining = progress.awaitNanos(remaining);
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
    check();
  }

  private static GpuException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new GpuException(
        Reason.CLOSED, "loading was interrupted before all weights were there", e);
  }

  private void check() {
    Throwable thrown = failure;
    if (thrown instanceof GpuException e) {
      // Smaller steps would not help where memory ran out: the device has to be opened anew.
      Reason reason =
          switch (e.reason()) {
            case OUT_OF_DEVICE_MEMORY, OUT_OF_HOST_MEMORY -> Reason.CLOSED;
            case DEVICE_LOST, TIMEOUT, CLOSED, NO_VULKAN, NO_DEVICE, UNSUPPORTED, INTERNAL ->
                e.reason();
          };
      throw new GpuException(reason, "weights did not reach the GPU: " + e.getMessage(), e);
    }
    if (thrown != null) {
      throw new IllegalStateException("weights did not reach the GPU", thrown);
    }
  }

  /// Waits until all have arrived.
  ///
  /// @throws GpuException when that failed
  public void finish() {
    try {
      if (!ended.await(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new GpuException(Reason.TIMEOUT, "weights did not reach the GPU in time");
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    check();
  }

  /// Where the time went, after [#finish].
  public List<LoadPart> parts() {
    long bytes = transfers.stream().mapToLong(t -> t.data().byteSize()).sum();
    List<LoadPart> parts = new ArrayList<>();
    parts.add(
        new LoadPart(
            "weights",
            nanos / 1e9,
            "%d MiB in %d pieces at %.1f GB/s"
                .formatted(bytes >> 20, runs.size(), (double) bytes / Math.max(1, nanos))));
    String threads = "all threads together";
    parts.add(new LoadPart("  read into staging", readNanos.sum() / 1e9, threads));
    parts.add(new LoadPart("  handed over", handNanos.sum() / 1e9, threads));
    parts.add(new LoadPart("  waited for the device", waitNanos.sum() / 1e9, threads));
    for (String label : List.of("copy", "repack")) {
      Double took = ring.deviceNanos().get(label);
      if (took != null) {
        parts.add(new LoadPart("  " + label + " on the device", took / 1e9, ""));
      }
    }
    return parts;
  }

  /// Ends it, wherever it is, and waits until its threads have let go of the file and the device.
  @Override
  public void close() {
    fail(new GpuException(Reason.CLOSED, "the device was closed while weights were loaded"));
    boolean interrupted = false;
    while (true) {
      try {
        if (!ended.await(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
          System.getLogger(MatrixUpload.class.getName())
              .log(System.Logger.Level.WARNING, "weights are still being read");
        }
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
