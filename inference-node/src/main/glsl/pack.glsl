// Rows of activations as numbers of one byte or two with a float scale for 32 columns, as mat-vecs
// multiply with them: whoever makes a row packs it once, and those who read it need not each do so.
// Packing.java says when a number has TWO_BYTES. For each token, of T tiles of 64 columns, in words:
//
//   high    [T][4][4]  bytes of tile, t and step: columns 2t, 2t+8, 2t+1, 2t+9 of a step of 16
//   low     [T][4][4]  likewise, for two: a number is (256 * high + low) * scale
//   scales  [T][2]     of 32 columns
//   sums    [T][4]     of 16 columns
//   squares [T][2]     of 32 columns: the sum of the squares of the numbers without their weights,
//                      where a norm comes next
//
// Needs number_bytes.glsl, GL_KHR_shader_subgroup_shuffle, subgroups of 16 or more.
// Where each part begins, in words a tile.
const uint PACKED_SCALES = 32;
const uint PACKED_SUMS = 34;
const uint PACKED_SQUARES = 38;
const uint PACKED_TILE_WORDS = 40;
const float PACKED_MOST = TWO_BYTES ? 127.0 * 257.0 : 127.0;

layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer PackedWords { uint v[]; };

uint packed_bytes(ivec4 q) {
  return (uint(q.x) & 0xFFu) | ((uint(q.y) & 0xFFu) << 8) | ((uint(q.z) & 0xFFu) << 16)
      | (uint(q.w) << 24);
}

// The high (or only) and the low bytes of numbers; both have a sign.
ivec4 packed_high(ivec4 q) {
  return TWO_BYTES ? (q + 128) >> 8 : q;
}

ivec4 packed_low(ivec4 q) {
  return q - (packed_high(q) << 8);
}

// Packs columns `column` (even) and the next; sixteen neighbours hold the 32 columns of a scale.
//
// row: of this token's
// tiles: of a row
// weighted: the numbers times the next norm's weights
void pack_two(PackedWords row, uint tiles, uint column, vec2 x, vec2 weighted) {
  float most = max(abs(weighted.x), abs(weighted.y));
  float squares = dot(x, x);
  [[unroll]] for (uint mask = 1; mask < 16; mask <<= 1) {
    most = max(most, subgroupShuffleXor(most, mask));
    squares += subgroupShuffleXor(squares, mask);
  }
  const float scale = most / PACKED_MOST;
  const float inverse = most > 0.0 ? PACKED_MOST / most : 0.0;
  const ivec2 q =
      ivec2(clamp(roundEven(weighted * inverse), vec2(-PACKED_MOST), vec2(PACKED_MOST)));
  int sum = q.x + q.y;
  [[unroll]] for (uint mask = 1; mask < 8; mask <<= 1) {
    sum += subgroupShuffleXor(sum, mask);
  }
  const ivec2 far = ivec2(subgroupShuffleXor(q.x, 4), subgroupShuffleXor(q.y, 4));
  const uint t = (column >> 1) & 7;
  const uint tile = column >> 6;
  const uint step_ = (column >> 4) & 3;
  if (t < 4) {
    const ivec4 four = ivec4(q.x, far.x, q.y, far.y);
    row.v[(tile * 4 + t) * 4 + step_] = packed_bytes(packed_high(four));
    if (TWO_BYTES) {
      row.v[(tiles * 4 + tile * 4 + t) * 4 + step_] = packed_bytes(packed_low(four));
    }
  }
  if (t == 0) {
    row.v[tiles * PACKED_SUMS + tile * 4 + step_] = floatBitsToUint(float(sum) * scale);
    if ((column & 31) == 0) {
      row.v[tiles * PACKED_SCALES + (column >> 5)] = floatBitsToUint(scale);
      row.v[tiles * PACKED_SQUARES + (column >> 5)] = floatBitsToUint(squares);
    }
  }
}
