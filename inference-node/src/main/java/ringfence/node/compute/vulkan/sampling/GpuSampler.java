package ringfence.node.compute.vulkan.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// Draws tokens from rows of logits on the device; only token ids, and log probabilities where they
/// are wanted, come back. For one step at a time and one thread:
///
/// 1. [#shape] of the step's draws, part of what its recording is looked up by;
/// 2. [#record] into a recording of that shape, once;
/// 3. [#prepare] before each submission;
/// 4. [#results] when it is done.
///
/// A draw gives the host's token, except where the random number lies so close to the border
/// between two tokens, or a sum of weights to a filter's limit, that float32 and float64 round to
/// different sides: weights here are good to some 1e-6 of themselves. They are summed as integers,
/// so a draw depends neither on its neighbours nor on the device.
public final class GpuSampler implements AutoCloseable {
  /// Ids that a row may have.
  public static final int MOST_VOCABULARY = 1 << 20;

  private static final int PART_BYTES = 16;
  private static final int RESULT_BYTES = 24 + 8 * Draw.MAX_TOP_LOG_PROBS;
  private static final int FINE = 0;
  private static final int NOT_FINITE = 1;

  /// Workgroups that copy and adjust one row.
  private static final int ADJUST_GROUPS = 16;

  private final Gpu gpu;
  private final Pipelines pipelines;
  private final int rowLength;
  private final int mostDraws;
  private final GpuBuffer table;
  private final GpuBuffer parts;
  private final GpuBuffer results;
  // Grown when a step needs more; the table has their addresses, recordings don't.
  private @Nullable GpuBuffer lists;
  private @Nullable GpuBuffer adjusted;

  /// @param rowLength floats from one row of logits to the next, at least the vocabulary
  /// @param mostDraws that a step may have
  public GpuSampler(Pipelines pipelines, int rowLength, int mostDraws) {
    if (rowLength < 1 || rowLength > MOST_VOCABULARY || mostDraws < 1 || mostDraws > 1 << 15) {
      throw new IllegalArgumentException(
          "rows of " + rowLength + " logits and " + mostDraws + " draws");
    }
    this.gpu = pipelines.gpu();
    this.pipelines = pipelines;
    this.rowLength = rowLength;
    this.mostDraws = mostDraws;
    this.table = gpu.allocate((long) mostDraws * DrawTable.BYTES, MemoryUse.SHARED);
    this.parts = gpu.allocate(Math.max(512L, 8L * mostDraws) * PART_BYTES, MemoryUse.DEVICE);
    this.results = gpu.allocate((long) mostDraws * RESULT_BYTES, MemoryUse.READBACK);
  }

  /// What a recording must be able to do for these draws.
  ///
  /// @throws IllegalArgumentException when there are more than there may be
  public SamplingShape shape(Outputs outputs) {
    if (outputs.draws().size() > mostDraws) {
      throw new IllegalArgumentException(
          outputs.draws().size() + " draws in a step of at most " + mostDraws);
    }
    return SamplingShape.of(outputs.draws(), mostDraws);
  }

  /// Adds the drawing to a recording, with the barriers it needs before and within.
  ///
  /// @param logits address of row 0, a multiple of 4
  public void record(Recording recording, long logits, SamplingShape shape) {
    int draws = shape.draws();
    PushConstants arguments =
        new PushConstants()
            .address(logits)
            .address(table)
            .address(parts)
            .address(results)
            .integer(rowLength)
            .integer(shape.splits());
    recording.barrier();
    if (shape.adjusts()) {
      dispatch(recording, SamplingKernel.COPY, ADJUST_GROUPS, draws, arguments);
      recording.barrier();
      dispatch(recording, SamplingKernel.BIAS, 1, draws, arguments);
      recording.barrier();
      dispatch(recording, SamplingKernel.PENALTY, ADJUST_GROUPS, draws, arguments);
      recording.barrier();
    }
    dispatch(recording, SamplingKernel.BEST, shape.splits(), draws, arguments);
    recording.barrier();
    dispatch(recording, SamplingKernel.PICK, draws, 1, arguments);
    if (shape.logProbs()) {
      dispatch(recording, SamplingKernel.LOG_PROBS, draws, 1, arguments);
    }
  }

  private void dispatch(
      Recording recording, SamplingKernel kernel, int x, int y, PushConstants arguments) {
    recording.dispatch(pipelines.get(kernel.on(gpu.traits())), x, y, 1, arguments);
  }

  /// Hands the draws to the device, for the next submission of a recording of their shape. No
  /// earlier submission may still run.
  public void prepare(Outputs outputs) {
    List<Outputs.Wanted> draws = outputs.draws();
    int vocabulary = Math.min(outputs.vocabulary(), rowLength);
    long listBytes = 8;
    int rows = 0;
    for (Outputs.Wanted wanted : draws) {
      listBytes += DrawTable.listBytes(wanted.draw());
      rows += DrawTable.isAdjusted(wanted.draw()) ? 1 : 0;
    }
    GpuBuffer roomForLists = grown(lists, listBytes, MemoryUse.SHARED);
    lists = roomForLists;
    long rowBytes = (long) rowLength * Float.BYTES;
    GpuBuffer roomForRows = grown(adjusted, Math.max(1, rows) * rowBytes, MemoryUse.DEVICE);
    adjusted = roomForRows;
    long list = 0;
    long row = 0;
    for (int i = 0; i < draws.size(); i++) {
      Draw draw = draws.get(i).draw();
      boolean isAdjusted = DrawTable.isAdjusted(draw);
      long bytes = DrawTable.listBytes(draw);
      DrawTable.write(
          table.mapped(),
          i,
          draws.get(i).row(),
          draw,
          vocabulary,
          isAdjusted ? roomForRows.address() + row : 0,
          roomForLists.mapped().asSlice(list, bytes),
          roomForLists.address() + list);
      list += bytes;
      row += isAdjusted ? rowBytes : 0;
    }
    for (int i = draws.size(); i < SamplingShape.of(draws, mostDraws).draws(); i++) {
      DrawTable.writeUnused(table.mapped(), i);
    }
  }

  private GpuBuffer grown(@Nullable GpuBuffer buffer, long bytes, MemoryUse use) {
    if (buffer != null && buffer.size() >= bytes) {
      return buffer;
    }
    GpuBuffer larger = gpu.allocate(bytes + bytes / 2, use);
    if (buffer != null) {
      buffer.close();
    }
    return larger;
  }

  /// What came of the draws that were prepared last. Their submission is done.
  public void results(Outputs outputs) {
    MemorySegment all = results.mapped();
    for (int number = 0; number < outputs.draws().size(); number++) {
      MemorySegment at = all.asSlice((long) number * RESULT_BYTES, RESULT_BYTES);
      outputs.drawn(number, result(at, outputs.draws().get(number).draw(), outputs.vocabulary()));
    }
  }

  private static Drawn result(MemorySegment at, Draw draw, int vocabulary) {
    int status = at.get(ValueLayout.JAVA_INT, 4);
    if (status != FINE) {
      return status == NOT_FINITE ? Drawn.Failure.NOT_FINITE : Drawn.Failure.NONE_ALLOWED;
    }
    int token = at.get(ValueLayout.JAVA_INT, 0);
    if (draw.topLogProbs() < 0) {
      return new Drawn.Token(token, List.of());
    }
    double mass = at.get(ValueLayout.JAVA_LONG, 16) * 0x1p-40;
    double normaliser = at.get(ValueLayout.JAVA_FLOAT, 12) + StrictMath.log(mass);
    List<LogProb> logProbs = new ArrayList<>();
    logProbs.add(logProb(token, at.get(ValueLayout.JAVA_FLOAT, 8), normaliser));
    int top = Math.min(draw.topLogProbs(), vocabulary);
    for (int rank = 0; rank < top; rank++) {
      logProbs.add(
          logProb(
              at.get(ValueLayout.JAVA_INT, 24 + 4L * rank),
              at.get(ValueLayout.JAVA_FLOAT, 24 + 4L * (Draw.MAX_TOP_LOG_PROBS + rank)),
              normaliser));
    }
    return new Drawn.Token(token, logProbs);
  }

  private static LogProb logProb(int token, float logit, double normaliser) {
    return new LogProb(token, (float) (logit - normaliser));
  }

  /// Gives its memory back. No submission may still run.
  @Override
  public void close() {
    table.close();
    parts.close();
    results.close();
    if (lists != null) {
      lists.close();
    }
    if (adjusted != null) {
      adjusted.close();
    }
  }
}
