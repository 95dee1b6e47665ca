package ringfence.node.compute.vulkan.weights;

import ringfence.node.gguf.TensorType;

/// How a tile's numbers are stored on the device: the bytes of each plane that a tile of 16 x 64
/// takes. Codes and scales are those of the file, regrouped and never rounded.
///
/// Planes follow one another: *codes* (a vector of 16 bytes for each of 32 lanes, then the next
/// vector), *upper* bits of codes longer than four (of three the third), *scales* (and minima) by
/// row, and *supers*, the float16 scales of 256 numbers, once for four tiles.
public enum WeightFormat {
  F32(4096, 0, 0, 0),
  F16(2048, 0, 0, 0),
  BF16(2048, 0, 0, 0),
  Q8_0(1024, 0, 64, 0),
  Q4_0(512, 0, 64, 0),
  Q4_1(512, 0, 128, 0),
  Q5_0(512, 128, 64, 0),
  Q5_1(512, 128, 128, 0),
  Q4_K(512, 0, 64, 64),
  Q5_K(512, 128, 64, 64),
  Q6_K(512, 256, 64, 32),
  Q2_K(256, 0, 64, 64),
  Q3_K(256, 128, 64, 32),
  IQ4_NL(512, 0, 64, 0),
  IQ4_XS(512, 0, 32, 32),
  MXFP4(512, 0, 64, 0);

  private final int codes;
  private final int upper;
  private final int scales;
  private final int supers;

  WeightFormat(int codes, int upper, int scales, int supers) {
    this.codes = codes;
    this.upper = upper;
    this.scales = scales;
    this.supers = supers;
  }

  /// The format of a tensor's type.
  public static WeightFormat of(TensorType type) {
    return switch (type) {
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
      case Q8_0 -> Q8_0;
      case Q4_0 -> Q4_0;
      case Q4_1 -> Q4_1;
      case Q5_0 -> Q5_0;
      case Q5_1 -> Q5_1;
      case Q4_K -> Q4_K;
      case Q5_K -> Q5_K;
      case Q6_K -> Q6_K;
      case Q2_K -> Q2_K;
      case Q3_K -> Q3_K;
      case IQ4_NL -> IQ4_NL;
      case IQ4_XS -> IQ4_XS;
      case MXFP4 -> MXFP4;
    };
  }

  /// The tensor type that this stores.
  public TensorType type() {
    return TensorType.valueOf(name());
  }

  /// Whether the numbers are integer codes with scales, which an integer dot product can take.
  public boolean quantised() {
    return scales > 0;
  }

  /// Bytes a tile of a plane; [Plane#SUPERS] counts four tiles as one.
  int bytes(Plane plane) {
    return switch (plane) {
      case CODES -> codes;
      case UPPER -> upper;
      case SCALES -> scales;
      case SUPERS -> supers;
    };
  }
}
