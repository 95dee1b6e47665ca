// Four-bit codes that stand for the numbers of a table, in blocks of 32: w = scale * table[q].
// IQ4_NL's scale is a float16, MXFP4's a power of two (a bfloat16), and IQ4_XS's a signed byte times
// the float16 d of 256.
#include "codes.glsl"
#define STEPS_A_SCALE 2
#define CODE_BYTES 512u
#define UPPER_BYTES 0u
#ifdef FORMAT_IQ4_XS
#define SCALE_BYTES 32u
#else
#define SCALE_BYTES 64u
#endif

// The tables of TableBlocks.java.
#ifdef FORMAT_MXFP4
const int TABLE[16] = int[](0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
#else
const int TABLE[16] =
    int[](-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
#endif

struct Tile {
  uvec4 q;
#ifdef FORMAT_IQ4_XS
  uint s;  // two signed bytes a row
  uint d;  // float16 d of rows g and g + 8
#else
  uvec2 s;
#endif
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q = Vectors(w.codes).v[tile * 32 + lane];
#ifdef FORMAT_IQ4_XS
  b.s = Words(w.scales).v[tile * 8 + lane / 4];
  b.d = Words(w.supers).v[(tile >> 2) * 8 + lane / 4];
#else
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
#endif
  return b;
}

ivec4 numbers(Tile b, uint row, uint step) {
  const uint codes = b.q[step] >> (4 * row);
  return ivec4(
      TABLE[codes & 0xFu],
      TABLE[(codes >> 8) & 0xFu],
      TABLE[(codes >> 16) & 0xFu],
      TABLE[(codes >> 24) & 0xFu]);
}

// Of the row's two blocks.
vec2 scales_of(Tile b, uint row) {
#if defined(FORMAT_IQ4_XS)
  const int s = int(b.s) << (16 - 16 * row);
  precise vec2 scales =
      unpackHalf2x16(b.d)[row] * vec2(bitfieldExtract(s, 16, 8), bitfieldExtract(s, 24, 8));
  return scales;
#elif defined(FORMAT_MXFP4)
  const uint s = row == 0 ? b.s.x : b.s.y;
  return uintBitsToFloat(uvec2(s << 16, s & 0xFFFF0000u));
#else
  return unpackHalf2x16(row == 0 ? b.s.x : b.s.y);
#endif
}

uint tile_codes(Tile b, uint row, uint step) {
  const uvec4 n = uvec4(numbers(b, row, step)) & 0xFFu;
  return n.x | (n.y << 8) | (n.z << 16) | (n.w << 24);
}

vec4 tile_weights(Tile b, uint row, uint step) {
  return scales_of(b, row)[step >> 1] * vec4(numbers(b, row, step));
}

float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const vec2 d = scales_of(b, row);
  return d.x * (scales.x * float(sums.x)) + d.y * (scales.y * float(sums.z));
}

float tile_lowest(Tile b, uint t, vec2 sums) {
  return 0.0;
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const uint codes = b.q[step] >> (4 * pair);
  const vec2 two = vec2(TABLE[codes & 0xFu], TABLE[(codes >> 16) & 0xFu]);
  return f16vec2(scales_of(b, row)[step >> 1] * two);
}
#endif
