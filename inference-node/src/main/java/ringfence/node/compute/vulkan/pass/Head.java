package ringfence.node.compute.vulkan.pass;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import ringfence.node.compute.Logits;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.model.ModelSpec;

/// From the chosen rows to logits, a block of rows at a time: they stay on the device in [#logits],
/// and [#readBack] brings them to the host.
final class Head implements AutoCloseable {
  /// Also what a batch of chosen rows is padded to: a block may reach past the last.
  static final int MOST_ROWS = 64;

  private final Gpu gpu;
  private final ModelSpec spec;
  private final DeviceWeights weights;
  private final Matrices matrices;
  private final Activations at;
  private final int blockRows;
  private final int stride;
  private final GpuBuffer logits;
  private final GpuBuffer back;
  private final Map<Block, Recording> recordings = new HashMap<>();
  private final Map<Integer, Recording> copies = new HashMap<>();

  /// @param rows computed, of which the last may be nobody's
  private record Block(int first, int rows) {}

  Head(
      Gpu gpu,
      ModelSpec spec,
      DeviceWeights weights,
      Matrices matrices,
      Activations activations,
      int maxRows) {
    this.gpu = gpu;
    this.spec = spec;
    this.weights = weights;
    this.matrices = matrices;
    this.at = activations;
    this.stride = Activations.padded(spec.vocabulary());
    this.blockRows = Math.min(MOST_ROWS, maxRows);
    this.logits = gpu.allocate((long) blockRows * stride * Float.BYTES, MemoryUse.DEVICE);
    this.back = gpu.allocate((long) blockRows * stride * Float.BYTES, MemoryUse.READBACK);
  }

  /// Rows that one block has at most.
  int blockRows() {
    return blockRows;
  }

  /// `[row][stride]` of the block that was computed last.
  GpuBuffer logits() {
    return logits;
  }

  /// Numbers from one row of [#logits] to the next.
  int stride() {
    return stride;
  }

  /// Rows that each block of a step of so many outputs computes.
  private static int rows(int outputs) {
    return Math.min(MOST_ROWS, outputs);
  }

  /// How a step of so many outputs leaves the rows that were chosen.
  static Numbers numbers(Matrices matrices, int outputs) {
    return matrices.input(rows(outputs));
  }

  /// Computes the block of rows from `first` on.
  ///
  /// @param outputs of the step's shape
  Recording block(int first, int outputs) {
    return recordings.computeIfAbsent(
        new Block(first, rows(outputs)), block -> record(block, Phases.none()));
  }

  /// Computes the first block and notes its phase; closed by the caller.
  Recording timedBlock(int outputs, Phases phases) {
    return record(new Block(0, rows(outputs)), phases);
  }

  private Recording record(Block block, Phases phases) {
    Numbers numbers = matrices.input(block.rows());
    long rows =
        at.chosen.of(numbers == Numbers.F16).address()
            + (long) block.first() * at.hiddenStride * numbers.bytes();
    Recording to = gpu.record(phases.room());
    matrices.record(
        to,
        Product.of(weights.output(), rows, at.hiddenStride, logits.address(), stride),
        block.rows());
    phases.end(to, "head", weights.output().layout().bytes());
    return to.end();
  }

  /// Brings the block's first rows to where [#read] finds them.
  Recording readBack(int rows) {
    return copies.computeIfAbsent(
        rows, r -> gpu.record().copy(logits, 0, back, 0, (long) r * stride * Float.BYTES).end());
  }

  /// Copies rows of the block that starts at `first`, after [#readBack] has run.
  void read(int first, int rows, Logits to) {
    MemorySegment from = back.mapped();
    for (int row = 0; row < rows; row++) {
      MemorySegment.copy(
          from,
          ValueLayout.JAVA_FLOAT,
          (long) row * stride * Float.BYTES,
          to.row(first + row),
          0,
          spec.vocabulary());
    }
  }

  @Override
  public void close() {
    recordings.values().forEach(Recording::close);
    copies.values().forEach(Recording::close);
    logits.close();
    back.close();
  }
}
