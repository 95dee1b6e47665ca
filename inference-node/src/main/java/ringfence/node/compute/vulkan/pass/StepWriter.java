package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.pass.PassKernels.Attended;
import ringfence.node.compute.vulkan.pass.PassKernels.NormMode;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.model.ModelSpec;

/// One step on its way into recordings, see [StepRecorder].
final class StepWriter {
  /// Activations as the next matrices take them.
  ///
  /// @param norm to apply first; 0: none
  private record Input(long address, long norm) {}

  private final StepLayout layout;
  private final GpuBuffer data;
  private final int tokens;
  private final NormPath path;
  private final boolean halves;
  private final CarriedNorms carried;
  private final Phases phases;
  private final Gpu gpu;
  private final Pipelines pipelines;
  private final ModelSpec spec;
  private final DeviceWeights weights;
  private final Matrices matrices;
  private final PassKernels kernels;
  private final Activations at;
  private final AttentionRecorder attention;
  private final @Nullable Front front;
  private final List<Recording> done = new ArrayList<>();
  private Recording to;
  private PhaseChain chain;
  // Of the phase under way.
  private long bytes;

  /// @param data where the step's data will stand
  StepWriter(StepParts parts, NormPath path, StepLayout layout, GpuBuffer data, Phases phases) {
    this.pipelines = parts.pipelines();
    this.gpu = pipelines.gpu();
    this.spec = parts.spec();
    this.weights = parts.weights();
    this.matrices = parts.matrices();
    this.kernels = parts.kernels();
    this.at = parts.activations();
    this.attention = parts.attention();
    this.front = parts.front();
    this.path = path;
    this.halves = path.halves();
    this.carried = new CarriedNorms(at.carriedNorms.address(), spec.normEpsilon());
    this.phases = phases;
    this.to = gpu.record(phases.room());
    this.chain = PhaseChain.ofBarriers(to, pipelines);
    phases.begin(to);
    this.layout = layout;
    this.data = data;
    this.tokens = layout.shape.tokens();
  }

  /// @param parts to cut the step into, between layers
  /// @param links what links the phases; null: barriers part them
  List<Recording> record(int parts, @Nullable PhaseLinks links) {
    int layers = spec.layers().size();
    int each = Math.ceilDiv(layers, parts);
    embed();
    if (links != null) {
      chain = links.begin(to);
    }
    if (path.packs()) {
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
    if (links != null) {
      links.end(chain);
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
    carried.pass();
    attention.record(chain, layout, data, index, layer.headNorms(), attended(), phases);
    addToStream(
        layer.attentionOutput(),
        path.packs() ? at.packedAttended.address() : at.attended.of(halves).address(),
        at.queryStride,
        joined,
        layer.feedForwardNorm());
    endPhase("attention output");
    if (joined) {
      join(layer.postAttentionNorm(), layer.feedForwardNorm());
    }
  }

  private Attended attended() {
    return path.packs() ? Attended.PACKED : halves ? Attended.HALVES : Attended.FLOATS;
  }

  private Product projection(GpuMatrix matrix, Input input, long bias, long output, boolean first) {
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
  private Product of(GpuMatrix matrix, Input input, long output, int outputStride, boolean first) {
    Product plain = Product.of(matrix, input.address(), at.hiddenStride, output, outputStride);
    if (path.carries()) {
      return plain.carrying(carried.taken(first));
    }
    Product product = path.packs() ? plain.packedInput() : plain;
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
              .to(path.numbers());
      record(path.packs() ? product.packedTo(at.packedGated.address(), 0) : product);
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
    carried.pass();
    addToStream(
        layer.down(),
        path.packs() ? at.packedGated.address() : gated,
        at.feedForwardStride,
        joined,
        index + 1 < spec.layers().size() ? weights.layers().get(index + 1).attentionNorm() : 0);
    endPhase("down");
    if (joined) {
      boolean last = index == spec.layers().size() - 1;
      join(layer.postFeedForwardNorm(), last ? 0 : weights.layers().get(index + 1).attentionNorm());
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
    if (path.packs()) {
      return new Input(at.packedStream.address(), norm);
    }
    if (path.carries()) {
      if (carried.atFirst()) {
        norm(NormMode.CARRIED, true, false, tokens, 0, norm, at.normed.halves(), 0);
        carried.began();
      }
      return new Input(at.normed.halves().address(), 0);
    }
    if (!joined && path.productsNorm()) {
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
    if (path.packs()) {
      long packed = nextNorm == 0 ? 0 : at.packedStream.address();
      product = product.packedInput().packedTo(packed, nextNorm);
    }
    if (path.carries() && nextNorm != 0) {
      int sums = matrices.carriedParts(matrix, tokens);
      product = product.carrying(carried.left(sums, nextNorm, at.normed.halves().address()));
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
