package ringfence.node.compute.vulkan.pass;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.model.ModelSpec;

/// Has steps written down as dispatches ([StepWriter]). The phases of a layer, a barrier after
/// each:
///
/// 1. norm and the projections to queries, keys and values (the norm is a phase of its own where
///    the matrix kernel does not do it)
/// 2. head norms, RoPE, storing keys and values, and attention; tiles attend in a phase of their
///    own
/// 3. the projection back, onto the residual stream
/// 4. norm, gate and up, activation
/// 5. down, onto the residual stream
///
/// Steps of a few single tokens have no such phases: their products carry the norms
/// ([CarriedNorm]).
///
/// Where a half layer's result is normed before it is added (gemma), that is a phase after 3 and 5,
/// which norms for the next one too.
///
/// Steps of single tokens link their phases instead, where the device can ([PhaseChain]).
final class StepRecorder {
  private static final int MOST_PHASES_A_LAYER = 8;

  private final StepParts parts;
  private final ModelSpec spec;
  private final DeviceWeights weights;
  private final Matrices matrices;
  private final LayerKinds kinds;
  private final boolean allGate;
  private final boolean packable;
  private @Nullable PhaseLinks links;

  StepRecorder(StepParts parts, LayerKinds kinds, @Nullable PhaseLinks links) {
    this.parts = parts;
    this.spec = parts.spec();
    this.weights = parts.weights();
    this.matrices = parts.matrices();
    this.kinds = kinds;
    this.links = links;
    this.packable =
        Packing.fits(spec.hidden())
            && Packing.fits(spec.headSize())
            && Packing.fits(spec.feedForward())
            && weights.layers().stream().allMatch(StepRecorder::packable);
    this.allGate =
        weights.layers().stream().allMatch(layer -> Product.canGate(layer.gate(), layer.up()));
  }

  /// Whether each product of a layer takes packed activations, and each norm is before one.
  private static boolean packable(DeviceWeights.Layer layer) {
    return layer.postAttentionNorm() == 0
        && layer.postFeedForwardNorm() == 0
        && Product.canGate(layer.gate(), layer.up())
        && Stream.of(
                layer.query(),
                layer.key(),
                layer.value(),
                layer.attentionOutput(),
                layer.gate(),
                layer.down())
            .allMatch(matrix -> matrix.format().quantised());
  }

  StepLayout layout(StepShape shape) {
    return new StepLayout(shape, kinds.windows().length, kinds.turns());
  }

  /// Layers that the first `part` of `parts` parts of a step need.
  int layersBefore(int part, int parts) {
    int layers = spec.layers().size();
    return Math.min(layers, part * Math.ceilDiv(layers, parts));
  }

  /// Most phases that a step of so many layers links.
  static int linkedPhases(int layers) {
    return MOST_PHASES_A_LAYER * layers + 1;
  }

  /// What links the phases of steps of a shape; null where barriers part them.
  private @Nullable PhaseLinks links(StepShape shape) {
    return shape.tiles() == 0 && matrices.canLink(shape.tokens()) && allGate ? links : null;
  }

  /// Whether a wait was given up in the step of that shape that ran last.
  boolean linkFailed(StepShape shape) {
    PhaseLinks linked = links(shape);
    return linked != null && linked.failed();
  }

  /// Has barriers in all that is recorded from now on.
  void unlink() {
    links = null;
  }

  /// Records a step of a shape.
  ///
  /// @param data where the step's data will stand
  /// @param count of parts to cut it into, between layers; 1 where phases are noted
  List<Recording> record(StepLayout layout, GpuBuffer data, int count, Phases phases) {
    return new StepWriter(parts, path(layout.shape), layout, data, phases)
        .record(count, phases.room() == 0 ? links(layout.shape) : null);
  }

  private NormPath path(StepShape shape) {
    int tokens = shape.tokens();
    return new NormPath(
        matrices.input(tokens),
        matrices.fusesNorm(tokens),
        packable && shape.tiles() == 0 && matrices.packs(tokens),
        carries(shape));
  }

  /// Whether products carry the norms of steps of a shape.
  private boolean carries(StepShape shape) {
    int tokens = shape.tokens();
    return shape.tiles() == 0
        && matrices.input(tokens) == Numbers.F16
        && weights.layers().stream()
            .allMatch(layer ->
                layer.postAttentionNorm() == 0
                    && layer.postFeedForwardNorm() == 0
                    && matrices.carriedParts(layer.attentionOutput(), tokens) > 0
                    && matrices.carriedParts(layer.down(), tokens) > 0);
  }
}
