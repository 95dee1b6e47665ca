package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.model.ModelSpec;

/// Keys and values of all pages on the device, as halves. A layer is one buffer of `[page][key,
/// value][kvHeads][pageTokens][width]`, where `width` is the head size rounded up to eight.
final class KvStore implements AutoCloseable {
  private final List<GpuBuffer> layers = new ArrayList<>();
  private final int pages;
  private final int pageTokens;
  private final long pageBytes;

  KvStore(Gpu gpu, ModelSpec spec, int pages, int pageTokens) {
    this.pages = pages;
    this.pageTokens = pageTokens;
    this.pageBytes = pageBytes(spec, pageTokens);
    try (Recording zeros = gpu.record()) {
      for (int layer = 0; layer < spec.layers().size(); layer++) {
        GpuBuffer buffer = gpu.allocate(pages * pageBytes, MemoryUse.DEVICE);
        layers.add(buffer);
        // Slots that were never written are read where a block reaches past a sequence's end; what
        // they hold counts nothing, but it must be numbers.
        zeros.fill(buffer, 0, buffer.size(), 0);
      }
      gpu.submit(zeros.end()).await(DevicePass.STEP_LIMIT);
    }
  }

  /// Bytes of one page in one layer.
  static long pageBytes(ModelSpec spec, int pageTokens) {
    return 2L * spec.kvHeads() * pageTokens * width(spec) * Short.BYTES;
  }

  /// Numbers that a head takes.
  static int width(ModelSpec spec) {
    return (spec.headSize() + 7) & -8;
  }

  int pages() {
    return pages;
  }

  int pageTokens() {
    return pageTokens;
  }

  GpuBuffer layer(int index) {
    return layers.get(index);
  }

  /// Records the copy of whole pages: slots behind those that are wanted are written anew before
  /// anybody looks at them.
  void copy(Recording recording, int from, int to) {
    for (GpuBuffer layer : layers) {
      recording.copy(layer, from * pageBytes, layer, to * pageBytes, pageBytes);
    }
  }

  @Override
  public void close() {
    layers.forEach(GpuBuffer::close);
  }
}
