package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.MatrixUpload;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;
import ringfence.node.gguf.Tensor;

/// Where each matrix of a model goes: several beside each other in buffers that the device can
/// allocate. A tensor that is named twice (tied embeddings) is there once.
final class WeightsPlan {
  private static final long BUFFER_BYTES = 1L << 30;

  private final Map<Tensor, Place> places = new LinkedHashMap<>();
  private final List<Long> sizes = new ArrayList<>();
  private final long mostBytes;

  private record Place(WeightLayout layout, int buffer, long offset) {}

  WeightsPlan(GpuTraits traits) {
    mostBytes =
        Math.min(
            BUFFER_BYTES,
            Math.min(traits.limits().maxAllocationBytes(), traits.limits().maxBufferBytes()));
  }

  void add(Tensor tensor) {
    if (places.containsKey(tensor)) {
      return;
    }
    WeightLayout layout =
        new WeightLayout(
            WeightFormat.of(tensor.type()),
            Math.toIntExact(tensor.rows()),
            Math.toIntExact(tensor.columns()));
    long bytes = GpuMatrix.bytes(layout);
    int last = sizes.size() - 1;
    if (last < 0 || sizes.get(last) + bytes > mostBytes) {
      sizes.add(0L);
      last++;
    }
    places.put(tensor, new Place(layout, last, sizes.get(last)));
    sizes.set(last, sizes.get(last) + bytes);
  }

  /// Bytes of all matrices.
  long bytes() {
    return sizes.stream().mapToLong(Long::longValue).sum();
  }

  /// Allocates the buffers.
  Allocated allocate(Gpu gpu) {
    List<GpuBuffer> buffers = new ArrayList<>();
    for (long size : sizes) {
      buffers.add(gpu.allocate(size, MemoryUse.DEVICE));
    }
    Map<Tensor, GpuMatrix> matrices = new LinkedHashMap<>();
    places.forEach((tensor, place) ->
        matrices.put(
            tensor, new GpuMatrix(place.layout(), buffers.get(place.buffer()), place.offset())));
    return new Allocated(matrices, List.copyOf(buffers));
  }

  /// The matrices on the device, empty at first.
  record Allocated(Map<Tensor, GpuMatrix> matrices, List<GpuBuffer> buffers) {

    GpuMatrix of(Tensor tensor) {
      @Nullable GpuMatrix matrix = matrices.get(tensor);
      if (matrix == null) {
        throw new IllegalArgumentException("'" + tensor.name() + "' was not planned");
      }
      return matrix;
    }

    /// What has to be brought there.
    List<MatrixUpload.Transfer> transfers() {
      return matrices.entrySet().stream()
          .map(e -> new MatrixUpload.Transfer(e.getKey().data(), e.getValue()))
          .toList();
    }
  }
}
