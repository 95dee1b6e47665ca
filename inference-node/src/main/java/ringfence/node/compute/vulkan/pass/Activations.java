package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.matrix.CarriedNorm;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.model.ModelSpec;

/// What lies between the phases of a pass, for every token of the largest batch; allocated once.
///
/// Rows are padded with zeros to whole tiles of the matrices that read them. Halves and floats have
/// buffers of their own, so that the one's numbers never stand in the other's padding.
final class Activations implements AutoCloseable {
  /// Columns of a tile of weights.
  static final int TILE = 64;

  /// Rows are a multiple of it: kernels that take many tokens at a time may read past the last.
  private static final int ROW_STEP = 128;

  private final List<GpuBuffer> all = new ArrayList<>();
  private final Gpu gpu;

  final int hiddenStride;
  final int queryStride;
  final int feedForwardStride;

  /// Of [#projected]: queries, keys and values beside each other.
  final int projectedStride;

  /// Residual stream, `[token][hiddenStride]`.
  final GpuBuffer stream;

  /// What a half layer adds, where it is normed before it is added.
  final GpuBuffer branch;

  final Row normed;
  final GpuBuffer projected;

  /// Queries that attend by tiles, halves.
  final GpuBuffer placed;

  final Row attended;
  final Row gated;

  /// Where gate and up are multiplied with apart.
  final GpuBuffer gate;

  final GpuBuffer up;

  /// Of norms that products carry between them.
  final GpuBuffer carriedNorms;

  /// The rows that want logits.
  final Row chosen;

  /// What the workgroups for single tokens leave for the last of them, and how many are done.
  final GpuBuffer parts;

  /// The stream for the next norm and product, attention's results, and the gate's, packed.
  final GpuBuffer packedStream;

  final GpuBuffer packedAttended;
  final GpuBuffer packedGated;

  final GpuBuffer tickets;

  /// The same rows as halves and as floats; of the latter there are few, where few are needed.
  record Row(GpuBuffer halves, GpuBuffer floats) {
    GpuBuffer of(boolean half) {
      return half ? halves : floats;
    }
  }

  /// @param tokens of the largest batch
  /// @param floatTokens for how many the matrices may want floats
  /// @param parts that a step leaves at most
  /// @param gatesApart whether [#gate] and [#up] are needed
  Activations(Gpu gpu, ModelSpec spec, int tokens, int floatTokens, int parts, boolean gatesApart) {
    this.gpu = gpu;
    int rows = Math.ceilDiv(tokens, ROW_STEP) * ROW_STEP;
    int floatRows = Math.min(rows, floatTokens);
    hiddenStride = padded(spec.hidden());
    queryStride = padded(spec.queryWidth());
    feedForwardStride = padded(spec.feedForward());
    projectedStride = padded(spec.queryWidth() + 2 * spec.kvWidth());
    stream = floats(rows, hiddenStride);
    branch = floats(rows, hiddenStride);
    normed = row(rows, floatRows, hiddenStride);
    projected = floats(rows, projectedStride);
    placed = halves(rows, spec.heads() * KvStore.width(spec));
    attended = row(rows, floatRows, queryStride);
    gated = row(rows, floatRows, feedForwardStride);
    gate = floats(gatesApart ? rows : 1, feedForwardStride);
    up = floats(gatesApart ? rows : 1, feedForwardStride);
    carriedNorms = allocate(CarriedNorm.STATE_BYTES);
    chosen = row(rows, floatRows, hiddenStride);
    packedStream = packed(floatRows, spec.hidden());
    packedAttended = packed(floatRows, spec.queryWidth());
    packedGated = packed(floatRows, spec.feedForward());
    int part = AttentionPlan.group(spec) * AttentionPlan.partFloats(spec);
    this.parts = floats(parts, spec.kvHeads() * part);
    tickets = floats(parts, spec.kvHeads());
    try (Recording zeros = gpu.record()) {
      for (GpuBuffer buffer : all) {
        zeros.fill(buffer, 0, buffer.size(), 0);
      }
      gpu.submit(zeros.end()).await(DevicePass.STEP_LIMIT);
    }
  }

  static int padded(int columns) {
    return Math.ceilDiv(columns, TILE) * TILE;
  }

  private Row row(int rows, int floatRows, int stride) {
    return new Row(halves(rows, stride), floats(floatRows, stride));
  }

  private GpuBuffer packed(int rows, int columns) {
    return allocate((long) rows * Packing.rowBytes(columns));
  }

  private GpuBuffer floats(int rows, int stride) {
    return allocate((long) rows * stride * Float.BYTES);
  }

  private GpuBuffer halves(int rows, int stride) {
    return allocate((long) rows * stride * Short.BYTES);
  }

  private GpuBuffer allocate(long bytes) {
    GpuBuffer buffer = gpu.allocate((bytes + 15) & -16, MemoryUse.DEVICE);
    all.add(buffer);
    return buffer;
  }

  /// Bytes of all.
  long bytes() {
    return all.stream().mapToLong(GpuBuffer::size).sum();
  }

  @Override
  public void close() {
    all.forEach(GpuBuffer::close);
  }
}
