package ringfence.node.compute.vulkan.pass;

import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.pass.PassKernels.Attended;
import ringfence.node.model.ModelSpec;

/// Writes one layer's attention down: from the projections to what the projection back takes.
/// Single tokens take one phase; tiles take two, the first beside the single tokens'.
final class AttentionRecorder {
  private final ModelSpec spec;
  private final PassKernels kernels;
  private final Activations at;
  private final KvStore store;
  private final LayerKinds kinds;
  private final AttentionPlan plan;

  AttentionRecorder(
      ModelSpec spec,
      PassKernels kernels,
      Activations activations,
      KvStore store,
      LayerKinds kinds,
      AttentionPlan plan) {
    this.plan = plan;
    this.spec = spec;
    this.kernels = kernels;
    this.at = activations;
    this.store = store;
    this.kinds = kinds;
  }

  /// Where queries, keys and values of the first token stand.
  long queries() {
    return at.projected.address();
  }

  long keys() {
    return queries() + (long) spec.queryWidth() * Float.BYTES;
  }

  long values() {
    return keys() + (long) spec.kvWidth() * Float.BYTES;
  }

  /// @param headNorms address of a query head's norm and a key head's after it, or 0
  /// @param attended what becomes of the sums; packed only where there are single tokens alone
  void record(
      PhaseChain chain,
      StepLayout layout,
      GpuBuffer data,
      int index,
      long headNorms,
      Attended attended,
      Phases phases) {
    Recording to = chain.recording();
    StepShape shape = layout.shape;
    boolean halves = attended == Attended.HALVES;
    Turns turn = kinds.turns().get(kinds.layerTurns()[index]);
    long turns = data.address() + layout.turns(kinds.layerTurns()[index]);
    int window = kinds.layerWindows()[index];
    boolean normed = headNorms != 0;
    if (shape.tiles() > 0) {
      to.dispatch(
          kernels.place(turn.rope(), normed),
          shape.tokens(),
          spec.heads() + 2 * spec.kvHeads(),
          1,
          new PushConstants()
              .address(queries())
              .address(keys())
              .address(values())
              .address(at.placed)
              .address(store.layer(index))
              .address(data, layout.slots)
              .address(turns)
              .address(headNorms)
              .address(normed ? headNorms + (long) spec.headSize() * Float.BYTES : 0)
              .integer(at.projectedStride)
              .integer(at.projectedStride)
              .real(spec.attentionScale())
              .real(spec.normEpsilon()));
    }
    if (shape.items() > 0) {
      chain.dispatch(
          kernels.attendOne(turn.rope(), normed, attended, plan.isMany(shape.items())),
          spec.kvHeads(),
          shape.items(),
          1,
          new PushConstants()
              .address(queries())
              .address(keys())
              .address(values())
              .address(attended == Attended.PACKED ? at.packedAttended : at.attended.of(halves))
              .address(store.layer(index))
              .address(data, layout.items(window))
              .address(data, layout.table)
              .address(turns)
              .address(headNorms)
              .address(at.parts)
              .address(at.tickets)
              .integer(at.projectedStride)
              .integer(at.projectedStride)
              .integer(
                  attended == Attended.PACKED
                      ? Packing.rowBytes(spec.queryWidth()) / Integer.BYTES
                      : at.queryStride)
              .real(spec.attentionScale())
              .real(spec.normEpsilon()));
    }
    chain.end();
    if (shape.tiles() > 0) {
      phases.end(to, "place", 0);
      to.dispatch(
          kernels.attendTile(halves),
          shape.tiles(),
          spec.kvHeads(),
          1,
          new PushConstants()
              .address(at.placed)
              .address(at.attended.of(halves))
              .address(store.layer(index))
              .address(data, layout.tiles)
              .address(data, layout.table)
              .integer(at.queryStride)
              .integer(kinds.windows()[window]));
      chain.end();
    }
    phases.end(to, new Phases.Noted("attention", 0, window, store.positionBytes()));
  }
}
