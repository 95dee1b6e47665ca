package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.CarriedNorm;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.pass.PassKernels.Attended;
import ringfence.node.compute.vulkan.pass.PassKernels.NormMode;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.model.ModelSpec;

/// Writes a step down as dispatches. The phases of a layer, a barrier after each:
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

  private final Pipelines pipelines;
  private final Gpu gpu;
  private final ModelSpec spec;
  private final DeviceWeights weights;
  private final Matrices matrices;
  private final PassKernels kernels;
  private final Activations at;
  private final AttentionRecorder attention;
  private final LayerKinds kinds;
  private final boolean allGate;
  private final boolean packable;
  private final @Nullable Front front;
  private @Nullable PhaseLinks links;

  StepRecorder(
      Pipelines pipelines,
      ModelSpec spec,
      DeviceWeights weights,
      Matrices matrices,
      PassKernels kernels,
      Activations activations,
      AttentionRecorder attention,
      LayerKinds kinds,
      @Nullable Front front,
      @Nullable PhaseLinks links) {
    this.front = front;
    this.links = links;
    this.pipelines = pipelines;
    this.gpu = pipelines.gpu();
    this.spec = spec;
    this.weights = weights;
    this.matrices = matrices;
    this.kernels = kernels;
    this.at = activations;
    this.attention = attention;
    this.kinds = kinds;
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
  /// @param parts to cut it into, between layers; 1 where phases are noted
  List<Recording> record(StepLayout layout, GpuBuffer data, int parts, Phases phases) {
    return new Writer(layout, data, phases).record(parts);
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

  /// Activations as the next matrices take them.
  ///
  /// @param norm to apply first; 0: none
  private record Input(long address, long norm) {}

  /// One recording under way.
  private final class Writer {
    private final StepLayout layout;
    private final GpuBuffer data;
    private final int tokens;
    private final Numbers numbers;
    private final boolean halves;
    private final boolean normsItself;
    private final boolean packs;
    private final boolean carries;
    private final List<Recording> done = new ArrayList<>();
    private final Phases phases;
    private Recording to;
    private PhaseChain chain;
    // Of the phase under way.
    private long bytes;
    // Of norms that products carry: how many were taken, and what the last one's product left.
    private int norms;
    private int parts;

    Writer(StepLayout layout, GpuBuffer data, Phases phases) {
      this.phases = phases;
      this.to = gpu.record(phases.room());
      this.chain = PhaseChain.ofBarriers(to, pipelines);
      phases.begin(to);
      this.layout = layout;
      this.data = data;
      this.tokens = layout.shape.tokens();
      this.numbers = matrices.input(tokens);
      this.halves = numbers == Numbers.F16;
      this.normsItself = matrices.fusesNorm(tokens);
      this.packs = packable && layout.shape.tiles() == 0 && matrices.packs(tokens);
      this.carries = carries(layout.shape);
    }

    List<Recording> record(int parts) {
      int layers = spec.layers().size();
      int each = Math.ceilDiv(layers, parts);
      embed();
      PhaseLinks linked = phases.room() == 0 ? links(layout.shape) : null;
      if (linked != null) {
        chain = linked.begin(to);
      }
      if (packs) {
        pack();
      }
      for (int layer = 0; layer < layers; layer++) {
        if (layer > 0 && layer % each == 0) {
          done.add(to.end());
          to = gpu.record();
          chain = PhaseChain.ofBarriers(to, pipelines);
        }
        attentionHalf(layer);
        feedForwardHalf(layer);
      }
      choose();
      if (linked != null) {
        linked.end(chain);
      }
      done.add(to.end());
      return List.copyOf(done);
    }

    private void embed() {
      Front before = front;
      if (before != null) {
        before.record(to, at.stream, tokens);
        phases.end(to, "from the CPU", 0);
        return;
      }
      GpuMatrix table = weights.embedding();
      to.dispatch(
          kernels.embed(table.format()),
          PassKernels.embedGroups(table.layout().columnTiles()),
          tokens,
          1,
          new PushConstants()
              .address(table.address())
              .address(data, layout.ids)
              .address(at.stream)
              .integer(table.layout().rowTiles())
              .integer(table.layout().columnTiles())
              .real(spec.embeddingScale()));
      endPhase("embed");
    }

    /// Packs the stream for the first layer; later ones find it packed by the layer before.
    private void pack() {
      chain.dispatch(
          kernels.pack(),
          tokens,
          1,
          1,
          new PushConstants()
              .address(at.stream)
              .address(weights.layers().getFirst().attentionNorm())
              .address(at.packedStream)
              .integer(at.hiddenStride)
              .integer(spec.hidden()));
      endPhase("pack");
    }

    /// What comes next sees what came before.
    private void endPhase(String name) {
      chain.end();
      phases.end(to, name, bytes);
      bytes = 0;
    }

    private void attentionHalf(int index) {
      DeviceWeights.Layer layer = weights.layers().get(index);
      boolean joined = layer.postAttentionNorm() != 0;
      Input normed = input(layer.attentionNorm(), joined && index > 0);
      record(
          List.of(
              projection(layer.query(), normed, layer.queryBias(), attention.queries(), true),
              projection(layer.key(), normed, layer.keyBias(), attention.keys(), false),
              projection(layer.value(), normed, layer.valueBias(), attention.values(), false)));
      endPhase("query, key, value");
      norms++;
      attention.record(chain, layout, data, index, layer.headNorms(), attended(), phases);
      addToStream(
          layer.attentionOutput(),
          packs ? at.packedAttended.address() : at.attended.of(halves).address(),
          at.queryStride,
          joined,
          layer.feedForwardNorm());
      endPhase("attention output");
      if (joined) {
        join(layer.postAttentionNorm(), layer.feedForwardNorm());
      }
    }

    private Attended attended() {
      return packs ? Attended.PACKED : halves ? Attended.HALVES : Attended.FLOATS;
    }

    private Product projection(
        GpuMatrix matrix, Input input, long bias, long output, boolean first) {
      return of(matrix, input, output, at.projectedStride, first).plusBias(bias);
    }

    private void record(Product product) {
      record(List.of(product));
    }

    private void record(List<Product> sideBySide) {
      for (Product product : sideBySide) {
        long matrix = product.matrix().layout().bytes();
        bytes += product.up() == null ? matrix : 2 * matrix;
      }
      matrices.record(chain, sideBySide, tokens);
    }

    /// @param first of those that take this input
    private Product of(
        GpuMatrix matrix, Input input, long output, int outputStride, boolean first) {
      Product plain = Product.of(matrix, input.address(), at.hiddenStride, output, outputStride);
      if (carries) {
        return plain.carrying(
            CarriedNorm.taken(
                at.carriedNorms.address(), norms % 2, parts, spec.normEpsilon(), first));
      }
      Product product = packs ? plain.packedInput() : plain;
      return input.norm() == 0 ? product : product.normed(input.norm(), spec.normEpsilon());
    }

    private void feedForwardHalf(int index) {
      DeviceWeights.Layer layer = weights.layers().get(index);
      boolean joined = layer.postFeedForwardNorm() != 0;
      Input normed = input(layer.feedForwardNorm(), layer.postAttentionNorm() != 0);
      long gated = at.gated.of(halves).address();
      if (Product.canGate(layer.gate(), layer.up())) {
        Product product =
            of(layer.gate(), normed, gated, at.feedForwardStride, true)
                .gated(gate(), layer.up())
                .to(numbers);
        record(packs ? product.packedTo(at.packedGated.address(), 0) : product);
      } else {
        record(of(layer.gate(), normed, at.gate.address(), at.feedForwardStride, true));
        record(of(layer.up(), normed, at.up.address(), at.feedForwardStride, false));
        endPhase("gate and up");
        to.dispatch(
            kernels.activate(spec.activation(), halves),
            PassKernels.activateGroups(at.feedForwardStride),
            tokens,
            1,
            new PushConstants()
                .address(at.gate)
                .address(at.up)
                .address(gated)
                .integer(at.feedForwardStride));
      }
      endPhase(Product.canGate(layer.gate(), layer.up()) ? "gate and up" : "activation");
      norms++;
      addToStream(
          layer.down(),
          packs ? at.packedGated.address() : gated,
          at.feedForwardStride,
          joined,
          index + 1 < spec.layers().size() ? weights.layers().get(index + 1).attentionNorm() : 0);
      endPhase("down");
      if (joined) {
        boolean last = index == spec.layers().size() - 1;
        join(
            layer.postFeedForwardNorm(),
            last ? 0 : weights.layers().get(index + 1).attentionNorm());
      }
    }

    private Gate gate() {
      return switch (spec.activation()) {
        case SILU -> Gate.SILU;
        case GELU_TANH -> Gate.GELU;
      };
    }

    /// What the next matrices take: what a [#join] left, or the stream with a norm.
    private Input input(long norm, boolean joined) {
      if (packs) {
        return new Input(at.packedStream.address(), norm);
      }
      if (carries) {
        if (norms == 0) {
          norm(NormMode.CARRIED, true, false, tokens, 0, norm, at.normed.halves(), 0);
          parts = 1;
        }
        return new Input(at.normed.halves().address(), 0);
      }
      if (!joined && normsItself) {
        return new Input(at.stream.address(), norm);
      }
      if (!joined) {
        norm(NormMode.ALONE, halves, false, tokens, 0, norm, at.normed.of(halves), 0);
      }
      return new Input(at.normed.of(halves).address(), 0);
    }

    /// @param nextNorm that the stream goes through next; 0: none that is made ready for
    private void addToStream(
        GpuMatrix matrix, long input, int inputStride, boolean joined, long nextNorm) {
      GpuBuffer output = joined ? at.branch : at.stream;
      Product product = Product.of(matrix, input, inputStride, output.address(), at.hiddenStride);
      if (packs) {
        long packed = nextNorm == 0 ? 0 : at.packedStream.address();
        product = product.packedInput().packedTo(packed, nextNorm);
      }
      if (carries && nextNorm != 0) {
        parts = matrices.carriedParts(matrix, tokens);
        product =
            product.carrying(
                CarriedNorm.left(
                    at.carriedNorms.address(), norms % 2, nextNorm, at.normed.halves().address()));
      }
      record(joined ? product : product.plusResidual(at.stream.address(), at.hiddenStride));
    }

    private void join(long postNorm, long nextNorm) {
      norm(
          nextNorm == 0 ? NormMode.JOIN_ONLY : NormMode.JOINED,
          halves,
          false,
          tokens,
          postNorm,
          nextNorm,
          at.normed.of(halves),
          0);
    }

    private void norm(
        NormMode mode,
        boolean half,
        boolean chosen,
        int rows,
        long postNorm,
        long norm,
        GpuBuffer result,
        long rowsChosen) {
      chain.dispatch(
          kernels.norm(mode, half, chosen),
          rows,
          1,
          1,
          new PushConstants()
              .address(at.stream)
              .address(at.branch)
              .address(postNorm)
              .address(norm)
              .address(result)
              .address(rowsChosen)
              .address(mode == NormMode.CARRIED ? at.carriedNorms.address() : 0)
              .integer(at.hiddenStride / 4)
              .real(spec.hidden())
              .real(spec.normEpsilon()));
      bytes += 2L * rows * at.hiddenStride * Float.BYTES;
      endPhase("norm");
    }

    /// Norms the rows that want logits, one beside the other.
    private void choose() {
      int outputs = layout.shape.outputs();
      if (outputs > 0) {
        boolean half = Head.numbers(matrices, outputs) == Numbers.F16;
        norm(
            NormMode.ALONE,
            half,
            true,
            outputs,
            0,
            weights.outputNorm(),
            at.chosen.of(half),
            data.address() + layout.outputs);
      }
    }
  }
}
