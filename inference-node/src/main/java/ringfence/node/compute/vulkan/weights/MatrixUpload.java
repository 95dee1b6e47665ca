package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.StagingRing;
import ringfence.node.compute.vulkan.device.StagingRing.Piece;
import ringfence.node.compute.vulkan.device.StagingRing.Slot;

/// Brings matrices from a mapped file to the device: threads repack runs of row tiles into slots of
/// the staging ring, which are copied while others are filled. Host memory is the ring's.
public final class MatrixUpload {

  /// A matrix to bring.
  ///
  /// @param data the tensor's bytes, as in the file
  public record Transfer(MemorySegment data, GpuMatrix to) {}

  private record Run(Transfer transfer, int firstRowTile, int rowTiles) {}

  private final StagingRing ring;
  private final List<Run> runs = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private MatrixUpload(StagingRing ring, List<Transfer> transfers) {
    this.ring = ring;
    for (Transfer transfer : transfers) {
      WeightLayout layout = transfer.to().layout();
      int each = Math.toIntExact(Math.min(layout.rowTiles(), ring.slotBytes() / layout.bytes(1)));
      if (each == 0) {
        throw new IllegalArgumentException(
            "16 rows of "
                + layout
                + " take "
                + layout.bytes(1)
                + " bytes, a staging buffer has "
                + ring.slotBytes());
      }
      for (int from = 0; from < layout.rowTiles(); from += each) {
        runs.add(new Run(transfer, from, Math.min(each, layout.rowTiles() - from)));
      }
    }
  }

  /// Repacks and sends matrices, in their order, and returns when all have arrived.
  ///
  /// @param threads that repack, the calling one among them
  /// @throws IllegalStateException when a thread failed, with its failure as the cause
  public static void run(StagingRing ring, int threads, List<Transfer> transfers)
      throws InterruptedException {
    MatrixUpload upload = new MatrixUpload(ring, transfers);
    List<Thread> helpers = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, upload.runs.size()); i++) {
      helpers.add(Thread.ofPlatform().daemon().name("repack-" + i).start(upload::work));
    }
    upload.work();
    for (Thread helper : helpers) {
      helper.join();
    }
    Throwable thrown = upload.failure.get();
    if (thrown != null) {
      throw new IllegalStateException("weights did not reach the GPU", thrown);
    }
    ring.finish();
  }

  private void work() {
    try {
      while (failure.get() == null) {
        int index = next.getAndIncrement();
        if (index >= runs.size()) {
          return;
        }
        send(runs.get(index));
      }
    } catch (InterruptedException e) {
      failure.compareAndSet(null, e);
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
    }
  }

  private void send(Run run) throws InterruptedException {
    GpuMatrix to = run.transfer().to();
    WeightLayout layout = to.layout();
    Slot slot = ring.take();
    try {
      Repacker repacker = new Repacker(layout, run.transfer().data());
      for (int i = 0; i < run.rowTiles(); i++) {
        repacker.pack(run.firstRowTile() + i, slot.bytes(), i, run.rowTiles());
      }
      List<Piece> pieces = new ArrayList<>();
      long from = 0;
      for (Plane plane : Plane.values()) {
        long bytes = layout.bytes(plane, run.rowTiles());
        if (bytes > 0) {
          long at = to.offset() + layout.offset(plane) + layout.bytes(plane, run.firstRowTile());
          pieces.add(new Piece(from, to.buffer(), at, bytes));
          from += bytes;
        }
      }
      slot.send(pieces.toArray(Piece[]::new));
    } finally {
      slot.giveBack();
    }
  }
}
