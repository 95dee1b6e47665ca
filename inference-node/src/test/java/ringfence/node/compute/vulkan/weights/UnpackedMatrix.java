package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;

/// Reads single numbers out of repacked planes, as [WeightLayout] describes them: a second, slow
/// telling of what the kernels' `tile_weights` do.
final class UnpackedMatrix {
  private static final int[] NON_LINEAR = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };
  private static final int[] TWICE_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  private final WeightLayout layout;
  private final MemorySegment planes;

  UnpackedMatrix(WeightLayout layout, MemorySegment planes) {
    this.layout = layout;
    this.planes = planes;
  }

  float at(int row, int column) {
    int tile = row / 16 * layout.columnTiles() + column / 64;
    int half = row % 16 / 8;
    int g = row % 8;
    int step = column % 64 / 16;
    int t = column % 8 / 2;
    int far = column % 16 / 8;
    int odd = column % 2;
    int lane = 4 * g + t;
    int code = far + 2 * odd; // place among the lane's four columns of a step
    return switch (layout.format()) {
      case F32 ->
          Float.intBitsToFloat(
              word(Plane.CODES, tile * 4096L + (2 * step + half) * 512 + lane * 16 + code * 4));
      case F16 -> Float.float16ToFloat((short) half(tile, step, lane, half + 2 * far, odd));
      case BF16 -> Float.intBitsToFloat(half(tile, step, lane, half + 2 * far, odd) << 16);
      case Q8_0 -> {
        int q =
            octet(
                Plane.CODES,
                tile * 1024L + step / 2 * 512 + lane * 16 + step % 2 * 8 + half * 4 + code);
        yield (byte) q * f16(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step / 2 * 2);
      }
      case Q4_0, Q5_0 -> {
        int offset = layout.format() == WeightFormat.Q5_0 ? 16 : 8;
        yield f16(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step / 2 * 2)
            * (code(tile, lane, step, half, code) - offset);
      }
      case Q4_1, Q5_1 -> {
        long at = tile * 128L + g * 16 + half * 4 + step / 2 * 2;
        yield f16(Plane.SCALES, at) * code(tile, lane, step, half, code)
            + f16(Plane.SCALES, at + 8);
      }
      case Q4_K, Q5_K -> {
        long at = tile * 64L + g * 8 + half * 4 + step / 2;
        long supers = tile / 4 * 64L + g * 8 + half * 4;
        float scale = f16(Plane.SUPERS, supers) * octet(Plane.SCALES, at);
        float min = f16(Plane.SUPERS, supers + 2) * octet(Plane.SCALES, at + 2);
        yield scale * code(tile, lane, step, half, code) - min;
      }
      case Q2_K -> {
        int both = octet(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step);
        long supers = tile / 4 * 64L + g * 8 + half * 4;
        float scale = f16(Plane.SUPERS, supers) * (both & 0xF);
        yield scale * pair(Plane.CODES, tile, lane, step, half, code)
            - f16(Plane.SUPERS, supers + 2) * (both >> 4);
      }
      case Q3_K -> {
        float d = f16(Plane.SUPERS, tile / 4 * 32L + g * 4 + half * 2);
        float scale = d * (byte) octet(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step);
        int third = single(tile, lane, step, half, code);
        yield scale * (pair(Plane.CODES, tile, lane, step, half, code) + 4 * third - 4);
      }
      case IQ4_NL ->
          f16(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step / 2 * 2)
              * NON_LINEAR[code(tile, lane, step, half, code)];
      case IQ4_XS -> {
        float d = f16(Plane.SUPERS, tile / 4 * 32L + g * 4 + half * 2);
        float scale = d * (byte) octet(Plane.SCALES, tile * 32L + g * 4 + half * 2 + step / 2);
        yield scale * NON_LINEAR[code(tile, lane, step, half, code)];
      }
      case MXFP4 -> {
        long at = layout.offset(Plane.SCALES) + tile * 64L + g * 8 + half * 4 + step / 2 * 2;
        yield Float.intBitsToFloat(Bytes.halfAt(planes, at) << 16)
            * TWICE_E2M1[code(tile, lane, step, half, code)];
      }
      case Q6_K -> {
        float d = f16(Plane.SUPERS, tile / 4 * 32L + g * 4 + half * 2);
        float scale = d * (byte) octet(Plane.SCALES, tile * 64L + g * 8 + half * 4 + step);
        yield scale * (code(tile, lane, step, half, code) - 32);
      }
    };
  }

  private int code(int tile, int lane, int step, int half, int code) {
    int low = octet(Plane.CODES, tile * 512L + lane * 16 + step * 4 + code) >> 4 * half & 0xF;
    return switch (layout.format().bytes(Plane.UPPER)) {
      case 128 -> low | single(tile, lane, step, half, code) << 4;
      case 256 -> low | pair(Plane.UPPER, tile, lane, step, half, code) << 4;
      default -> low;
    };
  }

  private int single(int tile, int lane, int step, int half, int code) {
    return octet(Plane.UPPER, tile * 128L + lane * 4 + code) >> 2 * step + half & 1;
  }

  private int pair(Plane plane, int tile, int lane, int step, int half, int code) {
    int four = octet(plane, tile * 256L + lane * 8 + step / 2 * 4 + code);
    return four >> 4 * (step % 2) + 2 * half & 3;
  }

  private int half(int tile, int step, int lane, int pair, int odd) {
    return word(Plane.CODES, tile * 2048L + step * 512 + lane * 16 + pair * 4) >>> (16 * odd)
        & 0xFFFF;
  }

  private float f16(Plane plane, long at) {
    return Float.float16ToFloat((short) Bytes.halfAt(planes, layout.offset(plane) + at));
  }

  private int octet(Plane plane, long at) {
    return Bytes.byteAt(planes, layout.offset(plane) + at);
  }

  private int word(Plane plane, long at) {
    return Bytes.intAt(planes, layout.offset(plane) + at);
  }
}
