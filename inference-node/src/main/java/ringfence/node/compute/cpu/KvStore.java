package ringfence.node.compute.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.BackendOptions;
import ringfence.node.model.ModelSpec;

/// Keys and values of all pages in half precision. A page is `[layers][key, value][kvHeads]
/// [pageTokens][headSize]`; its memory is taken when it is first written and given back by `close`.
final class KvStore implements AutoCloseable {
  static final int KEY = 0;
  static final int VALUE = 1;

  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment[] pages;
  private final int pageTokens;
  private final int kvHeads;
  private final int headSize;
  private final int layers;

  KvStore(ModelSpec spec, BackendOptions options) {
    pages = new MemorySegment[options.pages()];
    pageTokens = options.pageTokens();
    kvHeads = spec.kvHeads();
    headSize = spec.headSize();
    layers = spec.layers().size();
  }

  int pages() {
    return pages.length;
  }

  int pageTokens() {
    return pageTokens;
  }

  /// Takes a page's memory if it has none yet. Call before the workers use it.
  void touch(int page) {
    if (pages[page] == null) {
      pages[page] = arena.allocate(2L * layers * kvHeads * headBytes(), 64);
    }
  }

  /// Stores the heads of one token.
  void write(int page, int slot, int layer, int kind, float[] heads, int at) {
    MemorySegment memory = memory(page);
    for (int head = 0; head < kvHeads; head++) {
      long to = offset(layer, kind, head) + (long) slot * headSize * Short.BYTES;
      for (int i = 0; i < headSize; i++) {
        Stored.putHalf(memory, to + (long) i * Short.BYTES, heads[at + head * headSize + i]);
      }
    }
  }

  /// Reads slots `from` to `to - 1` of one head as float32, each padded with zeros to `stride`.
  void read(
      int page, int from, int to, int layer, int kind, int head, float[] out, int at, int stride) {
    MemorySegment memory = memory(page);
    long offset = offset(layer, kind, head) + (long) from * headSize * Short.BYTES;
    for (int slot = from; slot < to; slot++) {
      int row = at + (slot - from) * stride;
      int i = 0;
      for (; i + Lanes.COUNT <= headSize; i += Lanes.COUNT) {
        FloatVector values = Stored.halves(Stored.shorts(memory, offset + (long) i * Short.BYTES));
        values.intoArray(out, row + i);
      }
      for (; i < headSize; i++) {
        out[row + i] = Stored.half(memory, offset + (long) i * Short.BYTES);
      }
      offset += (long) headSize * Short.BYTES;
    }
    Scratch.clearPadding(out, at, headSize, stride, to - from);
  }

  /// Copies the first `tokens` slots.
  void copy(int from, int to, int tokens) {
    touch(from);
    touch(to);
    long bytes = (long) tokens * headSize * Short.BYTES;
    for (long row = 0; row < (long) layers * 2 * kvHeads; row++) {
      long at = row * headBytes();
      MemorySegment.copy(memory(from), at, memory(to), at, bytes);
    }
  }

  private MemorySegment memory(int page) {
    MemorySegment memory = pages[page];
    if (memory == null) {
      throw new IllegalStateException("page " + page + " was never written");
    }
    return memory;
  }

  private long headBytes() {
    return (long) pageTokens * headSize * Short.BYTES;
  }

  private long offset(int layer, int kind, int head) {
    return ((layer * 2L + kind) * kvHeads + head) * headBytes();
  }

  @Override
  public void close() {
    arena.close();
  }
}
