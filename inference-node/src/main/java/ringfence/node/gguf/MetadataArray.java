package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// An array of metadata, read out of the mapped file element by element: a vocabulary of 262,144
/// strings costs 1 MiB of index and no string. Lives as long as the file's arena.
public final class MetadataArray {
  private final String what;
  private final MetadataType elementType;
  private final int size;
  private final MemorySegment bytes;
  private final int[] offsets;

  /// @param what the key, for messages
  /// @param bytes exactly the elements, checked
  /// @param offsets where each element starts, for strings and arrays; empty for all others
  MetadataArray(
      String what, MetadataType elementType, int size, MemorySegment bytes, int[] offsets) {
    this.what = what;
    this.elementType = elementType;
    this.size = size;
    this.bytes = bytes;
    this.offsets = offsets;
  }

  /// How the file stores each element.
  public MetadataType elementType() {
    return elementType;
  }

  /// Number of elements.
  public int size() {
    return size;
  }

  /// One element, of whatever type.
  ///
  /// @throws IndexOutOfBoundsException outside 0 to `size() - 1`
  public MetadataValue get(int index) {
    return new HeaderCursor(bytes, start(index)).value(elementType, what);
  }

  /// The bytes of one string.
  ///
  /// @throws GgufException when these are no strings
  public byte[] bytes(int index) {
    return slice(index).toArray(ValueLayout.JAVA_BYTE);
  }

  /// One string; bytes that are no UTF-8 become U+FFFD.
  ///
  /// @throws GgufException when these are no strings
  public String text(int index) {
    return new String(bytes(index), StandardCharsets.UTF_8);
  }

  /// Bytes of one string, without reading them.
  ///
  /// @throws GgufException when these are no strings
  public int textLength(int index) {
    return (int) slice(index).byteSize();
  }

  private MemorySegment slice(int index) {
    if (elementType != MetadataType.STRING) {
      throw new GgufException(what + " should hold strings and holds " + elementType);
    }
    long start = start(index);
    return bytes.asSlice(start + Long.BYTES, bytes.get(HeaderCursor.LONG, start));
  }

  /// One number of any integer type.
  ///
  /// @throws GgufException when these are no integers
  public long integer(int index) {
    if (get(index) instanceof MetadataValue.Whole whole) {
      return whole.value();
    }
    throw new GgufException(what + " should hold integers and holds " + elementType);
  }

  /// One number of a floating-point type.
  ///
  /// @throws GgufException when these are no floating-point numbers
  public float number(int index) {
    if (get(index) instanceof MetadataValue.Fraction fraction) {
      return (float) fraction.value();
    }
    throw new GgufException(what + " should hold floating-point numbers and holds " + elementType);
  }

  /// One truth value.
  ///
  /// @throws GgufException when these are none
  public boolean flag(int index) {
    if (get(index) instanceof MetadataValue.Flag flag) {
      return flag.value();
    }
    throw new GgufException(what + " should hold bools and holds " + elementType);
  }

  /// An array in this one.
  ///
  /// @throws GgufException when these are no arrays
  public MetadataArray array(int index) {
    if (get(index) instanceof MetadataValue.Elements elements) {
      return elements.array();
    }
    throw new GgufException(what + " should hold arrays and holds " + elementType);
  }

  private long start(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException(what + " has " + size + " elements, no " + index);
    }
    return elementType.fixedSize() ? (long) index * elementType.leastBytes() : offsets[index];
  }

  @Override
  public String toString() {
    return elementType + "[" + size + "]";
  }
}
