package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Product;
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
/// Where a half layer's result is normed before it is added (gemma), that is a phase after 3 and 5,
/// which norms for the next one too.
final class StepRecorder {
  private final Gpu gpu;
  private final ModelSpec spec;
  private final DeviceWeights weights;
  private final Matrices matrices;
  private final PassKernels kernels;
  private final Activations at;
  private final AttentionRecorder attention;
  private final LayerKinds kinds;
  private final @Nullable Front front;

  StepRecorder(
      Gpu gpu,
      ModelSpec spec,
      DeviceWeights weights,
      Matrices matrices,
      PassKernels kernels,
      Activations activations,
      AttentionRecorder attention,
      LayerKinds kinds,
      @Nullable Front front) {
    this.front = front;
    this.gpu = gpu;
    this.spec = spec;
    this.weights = weights;
    this.matrices = matrices;
    this.kernels = kernels;
    this.at = activations;
    this.attention = attention;
    this.kinds = kinds;
  }

  StepLayout layout(StepShape shape) {
    return new StepLayout(shape, kinds.windows().length, kinds.turns());
  }

  /// Layers that the first `part` of `parts` parts of a step need.
  int layersBefore(int part, int parts) {
    int layers = spec.layers().size();
    return Math.min(layers, part * Math.ceilDiv(layers, parts));
  }

  /// Records a step of a shape.
  ///
  /// @param data where the step's data will stand
  /// @param parts to cut it into, between layers; 1 where phases are noted
  List<Recording> record(StepLayout layout, GpuBuffer data, int parts, Phases phases) {
    return new Writer(layout, data, phases).record(parts);
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
    private final List<Recording> done = new ArrayList<>();
    private final Phases phases;
    private Recording to;
    // Of the phase under way.
    private long bytes;

    Writer(StepLayout layout, GpuBuffer data, Phases phases) {
      this.phases = phases;
      this.to = gpu.record(phases.room());
      phases.begin(to);
      this.layout = layout;
      this.data = data;
      this.tokens = layout.shape.tokens();
      this.numbers = matrices.input(tokens);
      this.halves = numbers == Numbers.F16;
      this.normsItself = matrices.fusesNorm(tokens);
    }

    List<Recording> record(int parts) {
      int layers = spec.layers().size();
      int each = Math.ceilDiv(layers, parts);
      embed();
      for (int layer = 0; layer < layers; layer++) {
        if (layer > 0 && layer % each == 0) {
          done.add(to.end());
          to = gpu.record();
        }
        attentionHalf(layer);
        feedForwardHalf(layer);
      }
      choose();
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

    /// What comes next sees what came before.
    private void endPhase(String name) {
      to.barrier();
      phases.end(to, name, bytes);
      bytes = 0;
    }

    private void attentionHalf(int index) {
      DeviceWeights.Layer layer = weights.layers().get(index);
      boolean joined = layer.postAttentionNorm() != 0;
      Input normed = input(layer.attentionNorm(), joined && index > 0);
      record(
          List.of(
              projection(layer.query(), normed, layer.queryBias(), attention.queries()),
              projection(layer.key(), normed, layer.keyBias(), attention.keys()),
              projection(layer.value(), normed, layer.valueBias(), attention.values())));
      endPhase("query, key, value");
      attention.record(to, layout, data, index, layer.headNorms(), halves, phases);
      addToStream(
          layer.attentionOutput(), at.attended.of(halves).address(), at.queryStride, joined);
      endPhase("attention output");
      if (joined) {
        join(layer.postAttentionNorm(), layer.feedForwardNorm());
      }
    }

    private Product projection(GpuMatrix matrix, Input input, long bias, long output) {
      return of(matrix, input, output, at.projectedStride).plusBias(bias);
    }

    private void record(Product product) {
      record(List.of(product));
    }

    private void record(List<Product> sideBySide) {
      for (Product product : sideBySide) {
        long matrix = product.matrix().layout().bytes();
        bytes += product.up() == null ? matrix : 2 * matrix;
      }
      matrices.record(to, sideBySide, tokens);
    }

    private Product of(GpuMatrix matrix, Input input, long output, int outputStride) {
      Product product = Product.of(matrix, input.address(), at.hiddenStride, output, outputStride);
      return input.norm() == 0 ? product : product.normed(input.norm(), spec.normEpsilon());
    }

    private void feedForwardHalf(int index) {
      DeviceWeights.Layer layer = weights.layers().get(index);
      boolean joined = layer.postFeedForwardNorm() != 0;
      Input normed = input(layer.feedForwardNorm(), layer.postAttentionNorm() != 0);
      long gated = at.gated.of(halves).address();
      if (Product.canGate(layer.gate(), layer.up())) {
        record(
            of(layer.gate(), normed, gated, at.feedForwardStride)
                .gated(gate(), layer.up())
                .to(numbers));
      } else {
        record(of(layer.gate(), normed, at.gate.address(), at.feedForwardStride));
        record(of(layer.up(), normed, at.up.address(), at.feedForwardStride));
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
      addToStream(layer.down(), gated, at.feedForwardStride, joined);
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
      if (!joined && normsItself) {
        return new Input(at.stream.address(), norm);
      }
      if (!joined) {
        norm(NormMode.ALONE, halves, false, tokens, 0, norm, at.normed.of(halves), 0);
      }
      return new Input(at.normed.of(halves).address(), 0);
    }

    private void addToStream(GpuMatrix matrix, long input, int inputStride, boolean joined) {
      GpuBuffer output = joined ? at.branch : at.stream;
      Product product = Product.of(matrix, input, inputStride, output.address(), at.hiddenStride);
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
      to.dispatch(
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
