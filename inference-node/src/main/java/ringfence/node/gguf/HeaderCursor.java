package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Reads a header's little-endian values one after the other and checks each against the bytes that
/// are left before it is read or anything is allocated for it.
final class HeaderCursor {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// The longest metadata string, in bytes: chat templates reach some 20 KB.
  static final long LONGEST_TEXT = 16L << 20;

  /// The most elements of an array: vocabularies reach some 260,000.
  static final long LONGEST_ARRAY = 1L << 24;

  /// How deep arrays may hold arrays.
  private static final int DEEPEST_ARRAY = 4;

  private final MemorySegment bytes;
  private long position;

  HeaderCursor(MemorySegment bytes, long position) {
    this.bytes = bytes;
    this.position = position;
  }

  long position() {
    return position;
  }

  long left() {
    return bytes.byteSize() - position;
  }

  private long take(long count, String what) {
    if (count > left()) {
      throw new GgufException(
          what
              + " needs "
              + count
              + " bytes at offset "
              + position
              + ", but only "
              + left()
              + " are left; the file is cut short or damaged, fetch it again");
    }
    long at = position;
    position += count;
    return at;
  }

  int int32(String what) {
    return bytes.get(INT, take(4, what));
  }

  long int64(String what) {
    return bytes.get(LONG, take(8, what));
  }

  /// A count of things of which each takes at least `leastBytes` of the file.
  int count(String what, int leastBytes, long most) {
    return checkedCount(int64(what), what, leastBytes, most);
  }

  private int checkedCount(long count, String what, int leastBytes, long most) {
    if (count < 0 || count > most) {
      throw new GgufException(
          what + " is " + Long.toUnsignedString(count) + ", more than the limit of " + most);
    }
    if (count * leastBytes > left()) {
      throw new GgufException(
          what
              + " is "
              + count
              + ", more than the "
              + left()
              + " bytes left can hold; the file is cut short or damaged, fetch it again");
    }
    return (int) count;
  }

  /// A string's bytes.
  MemorySegment text(String what, long longest) {
    long length = int64(what);
    if (length < 0 || length > longest) {
      throw new GgufException(
          what
              + " is "
              + Long.toUnsignedString(length)
              + " bytes long, more than the limit of "
              + longest);
    }
    return bytes.asSlice(take(length, what), length);
  }

  /// A key or a tensor's name: not empty, valid UTF-8.
  String name(String what, long longest) {
    MemorySegment text = text(what, longest);
    if (text.byteSize() == 0) {
      throw new GgufException(what + " is empty");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(text.toArray(ValueLayout.JAVA_BYTE)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new GgufException(what + " is no UTF-8");
    }
  }

  /// A value of the given type.
  MetadataValue value(MetadataType type, String what) {
    return switch (type) {
      case UINT8 ->
          new MetadataValue.Whole(type, bytes.get(ValueLayout.JAVA_BYTE, take(1, what)) & 0xFFL);
      case INT8 -> new MetadataValue.Whole(type, bytes.get(ValueLayout.JAVA_BYTE, take(1, what)));
      case UINT16 -> new MetadataValue.Whole(type, bytes.get(SHORT, take(2, what)) & 0xFFFFL);
      case INT16 -> new MetadataValue.Whole(type, bytes.get(SHORT, take(2, what)));
      case UINT32 -> new MetadataValue.Whole(type, int32(what) & 0xFFFF_FFFFL);
      case INT32 -> new MetadataValue.Whole(type, int32(what));
      case UINT64, INT64 -> new MetadataValue.Whole(type, int64(what));
      case FLOAT32 -> new MetadataValue.Fraction(type, bytes.get(FLOAT, take(4, what)));
      case FLOAT64 -> new MetadataValue.Fraction(type, bytes.get(DOUBLE, take(8, what)));
      case BOOL -> new MetadataValue.Flag(flag(take(1, what), what));
      case STRING -> new MetadataValue.Text(text(what, LONGEST_TEXT));
      case ARRAY -> new MetadataValue.Elements(array(what, 1));
    };
  }

  private boolean flag(long at, String what) {
    byte flag = bytes.get(ValueLayout.JAVA_BYTE, at);
    if (flag != 0 && flag != 1) {
      throw new GgufException(what + " is a bool with the value " + (flag & 0xFF));
    }
    return flag == 1;
  }

  /// An array; of one with elements of varying size the index is made here, so that everything in
  /// it is known to lie in the file.
  MetadataArray array(String what, int depth) {
    if (depth > DEEPEST_ARRAY) {
      throw new GgufException(
          what + " holds arrays in arrays more than " + DEEPEST_ARRAY + " deep");
    }
    MetadataType element = MetadataType.of(int32(what), what + "'s elements");
    int count = count("the number of elements of " + what, element.leastBytes(), LONGEST_ARRAY);
    long start = position;
    if (element.fixedSize()) {
      take((long) count * element.leastBytes(), what);
      if (element == MetadataType.BOOL) {
        for (int i = 0; i < count; i++) {
          flag(start + i, what);
        }
      }
      return new MetadataArray(
          what, element, count, bytes.asSlice(start, position - start), new int[0]);
    }
    int[] offsets = new int[count];
    for (int i = 0; i < count; i++) {
      long offset = position - start;
      if (offset > Integer.MAX_VALUE) {
        throw new GgufException(what + " takes more than 2 GiB");
      }
      offsets[i] = (int) offset;
      if (element == MetadataType.STRING) {
        text(what, LONGEST_TEXT);
      } else {
        array(what, depth + 1);
      }
    }
    return new MetadataArray(what, element, count, bytes.asSlice(start, position - start), offsets);
  }
}
