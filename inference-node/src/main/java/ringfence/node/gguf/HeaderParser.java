package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads the header of a GGUF file, as the format's specification has it
/// (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>): magic, version, counts, key-value
/// pairs, tensor descriptions; then the tensors' bytes, aligned.
final class HeaderParser {
  /// `GGUF`.
  private static final int MAGIC = 0x4655_4747;

  /// Keys in one file: today's have some 50.
  private static final long MOST_PAIRS = 1L << 16;

  /// Tensors in one file: today's have up to some 2,000.
  private static final long MOST_TENSORS = 1L << 16;

  private static final long LONGEST_KEY = 65_535;
  private static final long LONGEST_TENSOR_NAME = 255;
  private static final int MOST_DIMENSIONS = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int LARGEST_ALIGNMENT = 1 << 20;
  private static final String ALIGNMENT_KEY = "general.alignment";

  private final MemorySegment bytes;
  private final HeaderCursor cursor;

  HeaderParser(MemorySegment bytes) {
    this.bytes = bytes;
    this.cursor = new HeaderCursor(bytes, 0);
  }

  GgufFile parse() {
    int magic = cursor.int32("the magic number");
    if (magic != MAGIC) {
      throw new GgufException("this is no GGUF file: it does not begin with the letters GGUF");
    }
    int version = version(cursor.int32("the version"));
    int tensorCount = cursor.count("the number of tensors", 8 + 1 + 4 + 8 + 4 + 8, MOST_TENSORS);
    int pairCount = cursor.count("the number of metadata keys", 8 + 1 + 4 + 1, MOST_PAIRS);
    Metadata metadata = new Metadata(pairs(pairCount));
    int alignment = alignment(metadata);
    List<Description> descriptions = descriptions(tensorCount, alignment);

    long headerBytes = cursor.position();
    long data = (headerBytes + alignment - 1) / alignment * alignment;
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, List<Long>> dimensions = new LinkedHashMap<>();
    for (Description each : descriptions) {
      tensors.put(each.name, each.tensor(bytes, data));
      dimensions.put(each.name, each.dimensions);
    }
    refuseOverlaps(descriptions);
    return new GgufFile(version, alignment, bytes.byteSize(), metadata, tensors, dimensions);
  }

  private static int version(int version) {
    if (version == 2 || version == 3) {
      return version;
    }
    if (version == 1) {
      throw new GgufException(
          "this is GGUF version 1, which nobody writes since 2023; convert the model again");
    }
    int swapped = Integer.reverseBytes(version);
    if (swapped >= 1 && swapped <= 3) {
      throw new GgufException("this is a big-endian GGUF file; take the little-endian one");
    }
    throw new GgufException(
        "this is GGUF version " + Integer.toUnsignedString(version) + "; known are 2 and 3");
  }

  private Map<String, MetadataValue> pairs(int count) {
    Map<String, MetadataValue> pairs = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = cursor.name("the name of key " + i, LONGEST_KEY);
      String what = "key " + GgufException.quoted(key);
      MetadataType type = MetadataType.of(cursor.int32(what), what);
      if (pairs.put(key, cursor.value(type, what)) != null) {
        throw new GgufException(what + " is there twice");
      }
    }
    return pairs;
  }

  private static int alignment(Metadata metadata) {
    int alignment = metadata.count(ALIGNMENT_KEY, DEFAULT_ALIGNMENT);
    if (Integer.bitCount(alignment) != 1 || alignment > LARGEST_ALIGNMENT) {
      throw new GgufException(
          "key '"
              + ALIGNMENT_KEY
              + "' is "
              + alignment
              + "; it should be a power of two up to "
              + LARGEST_ALIGNMENT);
    }
    return alignment;
  }

  private List<Description> descriptions(int count, int alignment) {
    Map<String, Description> descriptions = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String name = cursor.name("the name of tensor " + i, LONGEST_TENSOR_NAME);
      String what = "tensor " + GgufException.quoted(name);
      int dimensionCount = cursor.int32(what);
      if (dimensionCount < 1 || dimensionCount > MOST_DIMENSIONS) {
        throw new GgufException(
            what
                + " has "
                + Integer.toUnsignedString(dimensionCount)
                + " dimensions; it should have 1 to "
                + MOST_DIMENSIONS);
      }
      Long[] dimensions = new Long[dimensionCount];
      for (int d = 0; d < dimensionCount; d++) {
        dimensions[d] = cursor.int64(what);
      }
      TensorType type = TensorType.of(cursor.int32(what), what);
      long offset = cursor.int64(what);
      if (offset < 0 || offset % alignment != 0) {
        throw new GgufException(
            what
                + " is at offset "
                + Long.toUnsignedString(offset)
                + ", which is no multiple of the alignment "
                + alignment);
      }
      Description description = Description.of(name, type, Arrays.asList(dimensions), offset);
      if (descriptions.put(name, description) != null) {
        throw new GgufException(what + " is there twice");
      }
    }
    return List.copyOf(descriptions.values());
  }

  private static void refuseOverlaps(List<Description> descriptions) {
    List<Description> inOrder = new ArrayList<>(descriptions);
    inOrder.sort(Comparator.comparingLong(Description::offset));
    for (int i = 1; i < inOrder.size(); i++) {
      Description before = inOrder.get(i - 1);
      Description after = inOrder.get(i);
      if (before.offset + before.byteSize > after.offset) {
        throw new GgufException(
            "tensors "
                + GgufException.quoted(before.name)
                + " and "
                + GgufException.quoted(after.name)
                + " overlap; the file is damaged, fetch it again");
      }
    }
  }

  /// A tensor's description in the header.
  ///
  /// @param offset from the start of the tensors' bytes
  /// @param byteSize of its numbers; at least 1
  private record Description(
      String name,
      TensorType type,
      List<Long> dimensions,
      long columns,
      long rows,
      long offset,
      long byteSize) {

    static Description of(String name, TensorType type, List<Long> dimensions, long offset) {
      String what = "tensor " + GgufException.quoted(name) + " with the dimensions " + dimensions;
      long columns = dimensions.getFirst();
      try {
        long rows = 1;
        for (long dimension : dimensions) {
          if (dimension < 1) {
            throw new GgufException(what + ": each should be at least 1");
          }
          rows = Math.multiplyExact(rows, dimension);
        }
        rows /= columns;
        if (columns % type.blockSize() != 0) {
          throw new GgufException(
              what
                  + ": "
                  + type
                  + " holds blocks of "
                  + type.blockSize()
                  + " numbers, so the first should be a multiple of that");
        }
        long byteSize = type.bytes(Math.multiplyExact(rows, columns));
        return new Description(
            name, type, List.copyOf(dimensions), columns, rows, offset, byteSize);
      } catch (ArithmeticException e) {
        throw new GgufException(what + " is larger than any file");
      }
    }

    Tensor tensor(MemorySegment file, long data) {
      long space = file.byteSize() - data;
      if (byteSize > space || offset > space - byteSize) {
        throw new GgufException(
            "tensor "
                + GgufException.quoted(name)
                + " needs "
                + byteSize
                + " bytes at offset "
                + offset
                + " of the "
                + Math.max(space, 0)
                + " bytes after the header; the file is cut short or damaged, fetch it again");
      }
      return new Tensor(name, type, columns, rows, file.asSlice(data + offset, byteSize));
    }
  }
}
