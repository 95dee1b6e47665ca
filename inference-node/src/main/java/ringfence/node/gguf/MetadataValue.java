package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// One metadata value. Strings and arrays are views of the mapped file and live as long as it.
public sealed interface MetadataValue {

  /// How the file stores it.
  MetadataType type();

  /// Any of the integer types.
  ///
  /// @param value of a `UINT64` its 64 bits, so that a negative number stands for one of 2^63 or
  ///   more
  record Whole(MetadataType type, long value) implements MetadataValue {
    @Override
    public String toString() {
      return type == MetadataType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
    }
  }

  /// `FLOAT32` or `FLOAT64`.
  record Fraction(MetadataType type, double value) implements MetadataValue {
    @Override
    public String toString() {
      return type == MetadataType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
    }
  }

  /// `BOOL`.
  record Flag(boolean value) implements MetadataValue {
    @Override
    public MetadataType type() {
      return MetadataType.BOOL;
    }

    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  /// `STRING`.
  ///
  /// @param bytes UTF-8
  record Text(MemorySegment bytes) implements MetadataValue {
    @Override
    public MetadataType type() {
      return MetadataType.STRING;
    }

    /// The string; bytes that are no UTF-8 become U+FFFD.
    public String text() {
      return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return text();
    }
  }

  /// `ARRAY`.
  record Elements(MetadataArray array) implements MetadataValue {
    @Override
    public MetadataType type() {
      return MetadataType.ARRAY;
    }

    @Override
    public String toString() {
      return array.toString();
    }
  }
}
