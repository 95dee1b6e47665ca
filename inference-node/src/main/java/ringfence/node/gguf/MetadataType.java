package ringfence.node.gguf;

/// How a metadata value is stored; ids are those of the GGUF specification.
public enum MetadataType {
  UINT8(0, 1),
  INT8(1, 1),
  UINT16(2, 2),
  INT16(3, 2),
  UINT32(4, 4),
  INT32(5, 4),
  FLOAT32(6, 4),
  BOOL(7, 1),
  STRING(8, 8),
  ARRAY(9, 12),
  UINT64(10, 8),
  INT64(11, 8),
  FLOAT64(12, 8);

  private static final MetadataType[] BY_ID = values();

  private final int id;
  private final int leastBytes;

  MetadataType(int id, int leastBytes) {
    this.id = id;
    this.leastBytes = leastBytes;
  }

  /// The number that stands for this type in a file.
  public int id() {
    return id;
  }

  /// Bytes that a value takes: exactly, or at least for strings (a length and that many bytes) and
  /// arrays (element type, count and the elements).
  int leastBytes() {
    return leastBytes;
  }

  /// Every value takes [#leastBytes].
  boolean fixedSize() {
    return this != STRING && this != ARRAY;
  }

  /// The type with an id.
  ///
  /// @param what the value, for the error's message
  /// @throws GgufException when there is none
  static MetadataType of(int id, String what) {
    if (id < 0 || id >= BY_ID.length) {
      throw new GgufException(what + " has the unknown value type " + Integer.toUnsignedString(id));
    }
    return BY_ID[id];
  }
}
