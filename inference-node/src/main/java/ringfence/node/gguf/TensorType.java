package ringfence.node.gguf;

import java.util.Arrays;
import java.util.Map;

/// How a tensor's numbers are stored: a block of [#blockSize] numbers takes [#blockBytes] bytes.
///
/// Layouts are those of ggml (`ggml-common.h`); ids are those of the GGUF specification.
public enum TensorType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  IQ4_NL(20, 32, 18),
  IQ4_XS(23, 256, 136),
  BF16(30, 1, 2),
  MXFP4(39, 32, 17);

  /// Types that ggml knows, by id.
  private static final Map<Integer, String> UNSUPPORTED =
      Map.ofEntries(
          Map.entry(9, "Q8_1"),
          Map.entry(15, "Q8_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(17, "IQ2_XS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(24, "I8"),
          Map.entry(25, "I16"),
          Map.entry(26, "I32"),
          Map.entry(27, "I64"),
          Map.entry(28, "F64"),
          Map.entry(29, "IQ1_M"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(40, "NVFP4"),
          Map.entry(41, "Q1_0"));

  private final int id;
  private final int blockSize;
  private final int blockBytes;

  TensorType(int id, int blockSize, int blockBytes) {
    this.id = id;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /// The number that stands for this type in a file.
  public int id() {
    return id;
  }

  /// Numbers in a block.
  public int blockSize() {
    return blockSize;
  }

  /// Bytes of a block.
  public int blockBytes() {
    return blockBytes;
  }

  /// Bytes of `count` numbers; `count` is a multiple of the block size.
  public long bytes(long count) {
    return Math.multiplyExact(count / blockSize, (long) blockBytes);
  }

  /// The type with an id.
  ///
  /// @param what the tensor, for the error's message
  /// @throws GgufException when the id is unknown, or known and not supported here
  static TensorType of(int id, String what) {
    for (TensorType type : values()) {
      if (type.id == id) {
        return type;
      }
    }
    String name = UNSUPPORTED.get(id);
    throw new GgufException(
        what
            + " is of "
            + (name == null
                ? "the unknown type " + Integer.toUnsignedString(id)
                : "type " + name + ", which is not supported")
            + "; supported are "
            + Arrays.toString(values())
            + ", so take a file quantised to one of these, such as Q4_K_M or Q8_0");
  }
}
