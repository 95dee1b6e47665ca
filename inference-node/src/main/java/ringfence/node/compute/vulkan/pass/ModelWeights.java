package ringfence.node.compute.vulkan.pass;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.StagingRing;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.weights.MatrixUpload;
import ringfence.node.gguf.Tensor;
import ringfence.node.model.Model;
import ringfence.node.model.Weights;

/// Brings a model's numbers to the device, through a ring of host buffers that bounds what the host
/// needs meanwhile.
final class ModelWeights {
  private static final int SLOT_BYTES = 8 << 20;
  private static final int MOST_SLOTS = 24;
  private static final Duration SLOT_LIMIT = Duration.ofMinutes(1);

  private final Pipelines pipelines;
  private final Gpu gpu;
  private final Weights weights;
  private final Vectors vectors = new Vectors();
  private final WeightsPlan.Allocated matrices;

  private ModelWeights(Pipelines pipelines, Weights weights, WeightsPlan plan) {
    this.pipelines = pipelines;
    this.gpu = pipelines.gpu();
    this.weights = weights;
    this.matrices = plan.allocate(gpu);
  }

  /// Which matrices go where.
  static WeightsPlan plan(Gpu gpu, Model model) {
    WeightsPlan plan = new WeightsPlan(gpu.traits());
    plan.add(model.weights().tokenEmbedding());
    for (Weights.Layer layer : model.weights().layers()) {
      tensors(layer).forEach(plan::add);
    }
    plan.add(model.weights().output());
    return plan;
  }

  /// Makes room for everything, brings the vectors, and begins to bring the matrices.
  ///
  /// @param threads that read the file
  static DeviceWeights load(Pipelines pipelines, Model model, WeightsPlan plan, int threads) {
    return new ModelWeights(pipelines, model.weights(), plan).load(threads);
  }

  private DeviceWeights load(int threads) {
    List<DeviceWeights.Layer> layers = new ArrayList<>();
    // Addresses are known only when all vectors are counted.
    weights.layers().forEach(this::count);
    vectors.count(weights.outputNorm());
    GpuBuffer buffer = gpu.allocate(vectors.bytes(), MemoryUse.DEVICE);
    vectors.at = buffer.address();
    for (Weights.Layer layer : weights.layers()) {
      layers.add(layer(layer));
    }
    long outputNorm = vectors.place(weights.outputNorm());
    int slots = Math.clamp(threads * 3L / 2, 2, MOST_SLOTS);
    // The upload closes it.
    StagingRing ring = new StagingRing(gpu, slots, SLOT_BYTES, SLOT_LIMIT);
    try {
      send(ring, buffer);
    } catch (InterruptedException e) {
      ring.close();
      Thread.currentThread().interrupt();
      throw new GpuException(
          GpuException.Reason.CLOSED, "loading was interrupted before all weights were there", e);
    } catch (RuntimeException e) {
      ring.close();
      throw e;
    }
    return new DeviceWeights(
        matrices.of(weights.tokenEmbedding()),
        outputNorm,
        matrices.of(weights.output()),
        List.copyOf(layers),
        Stream.concat(matrices.buffers().stream(), Stream.of(buffer)).toList(),
        MatrixUpload.begin(pipelines, ring, threads, matrices.transfers()),
        needs());
  }

  /// See [DeviceWeights#needs]. Matrices are sent in the order in which they were planned.
  private List<Integer> needs() {
    Map<Tensor, Integer> places = new HashMap<>();
    for (Tensor tensor : matrices.matrices().keySet()) {
      places.put(tensor, places.size() + 1);
    }
    List<Integer> needs = new ArrayList<>();
    int most = places.getOrDefault(weights.tokenEmbedding(), places.size());
    needs.add(most);
    for (Weights.Layer layer : weights.layers()) {
      for (Tensor tensor : tensors(layer)) {
        most = Math.max(most, places.getOrDefault(tensor, places.size()));
      }
      needs.add(most);
    }
    return List.copyOf(needs);
  }

  private static List<Tensor> tensors(Weights.Layer layer) {
    return List.of(
        layer.query(),
        layer.key(),
        layer.value(),
        layer.attentionOutput(),
        layer.gate(),
        layer.up(),
        layer.down());
  }

  private void send(StagingRing ring, GpuBuffer to) throws InterruptedException {
    float[] numbers = vectors.numbers();
    int most = ring.slotBytes() / Float.BYTES;
    for (int from = 0; from < numbers.length; from += most) {
      int count = Math.min(most, numbers.length - from);
      StagingRing.Slot slot = ring.take();
      try {
        MemorySegment.copy(numbers, from, slot.bytes(), ValueLayout.JAVA_FLOAT, 0, count);
        slot.send(to, (long) from * Float.BYTES, (long) count * Float.BYTES);
      } finally {
        slot.giveBack();
      }
    }
    ring.finish();
  }

  private void count(Weights.Layer layer) {
    vectors.count(layer.attentionNorm());
    vectors.count(layer.queryBias());
    vectors.count(layer.keyBias());
    vectors.count(layer.valueBias());
    vectors.count(headNorms(layer));
    vectors.count(layer.postAttentionNorm());
    vectors.count(layer.feedForwardNorm());
    vectors.count(layer.postFeedForwardNorm());
  }

  private DeviceWeights.Layer layer(Weights.Layer layer) {
    return new DeviceWeights.Layer(
        vectors.place(layer.attentionNorm()),
        matrices.of(layer.query()),
        matrices.of(layer.key()),
        matrices.of(layer.value()),
        matrices.of(layer.attentionOutput()),
        vectors.place(layer.queryBias()),
        vectors.place(layer.keyBias()),
        vectors.place(layer.valueBias()),
        vectors.place(headNorms(layer)),
        vectors.place(layer.postAttentionNorm()),
        vectors.place(layer.feedForwardNorm()),
        matrices.of(layer.gate()),
        matrices.of(layer.up()),
        matrices.of(layer.down()),
        vectors.place(layer.postFeedForwardNorm()));
  }

  /// Both norms one after the other; one that is missing beside the other is all ones, which is not
  /// the same as none: refused.
  private static float @Nullable [] headNorms(Weights.Layer layer) {
    float[] query = layer.queryNorm();
    float[] key = layer.keyNorm();
    if (query == null && key == null) {
      return null;
    }
    if (query == null || key == null) {
      throw new GpuException(
          GpuException.Reason.UNSUPPORTED,
          "a model that norms its query heads or its key heads alone is not supported on a GPU");
    }
    float[] both = Arrays.copyOf(query, query.length + key.length);
    System.arraycopy(key, 0, both, query.length, key.length);
    return both;
  }

  /// All vectors in one row, each padded with zeros to a whole tile.
  private static final class Vectors {
    private long at;
    private int size;
    private int next;
    private float[] numbers = new float[0];

    void count(float @Nullable [] vector) {
      size += vector == null ? 0 : Activations.padded(vector.length);
    }

    long bytes() {
      return (long) size * Float.BYTES;
    }

    /// The address that a vector will have; 0 for none.
    long place(float @Nullable [] vector) {
      if (vector == null) {
        return 0;
      }
      if (numbers.length == 0) {
        numbers = new float[size];
      }
      System.arraycopy(vector, 0, numbers, next, vector.length);
      long address = at + (long) next * Float.BYTES;
      next += Activations.padded(vector.length);
      return address;
    }

    float[] numbers() {
      return numbers;
    }
  }
}
