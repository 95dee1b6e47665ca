package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.KvType;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.model.ModelSpec;

/// Keys and values of all pages on the device. A layer is one buffer of `[page][key,
/// value][kvHeads][pageTokens]` rows; a row has the head size rounded up to eight numbers, as
/// halves or as `kv.glsl` keeps bytes.
final class KvStore implements AutoCloseable {
  /// Numbers that share a scale.
  private static final int SCALED = 32;

  private final List<GpuBuffer> layers = new ArrayList<>();
  private final int pages;
  private final int pageTokens;
  private final long pageBytes;

  KvStore(Gpu gpu, ModelSpec spec, KvType type, int pages, int pageTokens) {
    this.pages = pages;
    this.pageTokens = pageTokens;
    this.pageBytes = pageBytes(spec, type, pageTokens);
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
  static long pageBytes(ModelSpec spec, KvType type, int pageTokens) {
    return 2L * spec.kvHeads() * pageTokens * rowBytes(spec, type);
  }

  /// Bytes of a key, or a value, of one head.
  static int rowBytes(ModelSpec spec, KvType type) {
    int width = width(spec);
    return switch (type) {
      case F16 -> width * Short.BYTES;
      // An even number of scales.
      case Q8 -> width + Math.ceilDiv(width, 2 * SCALED) * 2 * Float.BYTES;
    };
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

  /// Bytes of one position in one layer.
  long positionBytes() {
    return pageBytes / pageTokens;
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
