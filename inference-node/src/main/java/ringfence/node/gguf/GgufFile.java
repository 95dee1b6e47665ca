package ringfence.node.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A model file (GGUF versions 2 and 3, little-endian), mapped into memory whatever its size.
/// Everything in its header has been checked: each tensor lies in the file, in no other's bytes.
///
/// Immutable and safe for any number of threads; metadata and tensors are views of the mapped file
/// and live as long as the arena it was opened with.
public final class GgufFile {
  private final int version;
  private final int alignment;
  private final long byteSize;
  private final Metadata metadata;
  private final Map<String, Tensor> tensors;
  private final Map<String, List<Long>> dimensions;

  GgufFile(
      int version,
      int alignment,
      long byteSize,
      Metadata metadata,
      Map<String, Tensor> tensors,
      Map<String, List<Long>> dimensions) {
    this.version = version;
    this.alignment = alignment;
    this.byteSize = byteSize;
    this.metadata = metadata;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.dimensions = dimensions;
  }

  /// Maps a file and checks its header.
  ///
  /// @param arena owns the mapping; the caller closes it
  /// @throws IOException when the file can't be read
  /// @throws GgufException when it is no model file that can be used
  public static GgufFile open(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return parse(bytes);
    } catch (GgufException e) {
      throw new GgufException(file.getFileName() + ": " + e.getMessage(), e);
    }
  }

  /// Checks the header of a file that is in memory.
  ///
  /// @throws GgufException when it is no model file that can be used
  public static GgufFile parse(MemorySegment bytes) {
    return new HeaderParser(bytes).parse();
  }

  /// 2 or 3.
  public int version() {
    return version;
  }

  /// Bytes that tensors' offsets are a multiple of.
  public int alignment() {
    return alignment;
  }

  /// Bytes of the whole file.
  public long byteSize() {
    return byteSize;
  }

  /// The key-value pairs.
  public Metadata metadata() {
    return metadata;
  }

  /// All tensors, in the header's order.
  public Collection<Tensor> tensors() {
    return tensors.values();
  }

  /// The tensor of a name, or null.
  public @Nullable Tensor find(String name) {
    return tensors.get(name);
  }

  /// The tensor of a name.
  ///
  /// @throws GgufException when there is none
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new GgufException(
          "tensor " + GgufException.quoted(name) + " is missing; the file is incomplete");
    }
    return tensor;
  }

  /// One to four dimensions of a tensor as the file has them (`ne` of ggml), the contiguous one
  /// first.
  ///
  /// @throws GgufException when there is no such tensor
  public List<Long> dimensions(String name) {
    return dimensions.getOrDefault(tensor(name).name(), List.of());
  }
}
