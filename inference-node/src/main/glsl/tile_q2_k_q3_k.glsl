// Two or three bits in blocks of 16, super-blocks of 256:
// Q2_K: w = (d * scale) * q - dmin * minimum, Q3_K: w = (d * scale) * (q - 4), scale signed.
#include "codes.glsl"
#define STEPS_A_SCALE 1
#define CODE_BYTES 256u
#define SCALE_BYTES 64u
#ifdef FORMAT_Q3_K
#define UPPER_BYTES 128u
#else
#define UPPER_BYTES 0u
#endif

struct Tile {
  uvec2 q;
#ifdef FORMAT_Q3_K
  uint h;
  uint d;   // float16 d of rows g and g + 8
#else
  uvec2 d;  // float16 d, dmin
#endif
  uvec2 s;  // a byte a step: signed, or scale (low) and minimum
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q = Pairs(w.codes).v[tile * 32 + lane];
#ifdef FORMAT_Q3_K
  b.h = Words(w.upper).v[tile * 32 + lane];
  b.d = Words(w.supers).v[(tile >> 2) * 8 + lane / 4];
#else
  b.d = Pairs(w.supers).v[(tile >> 2) * 8 + lane / 4];
#endif
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
  return b;
}

uint tile_codes(Tile b, uint row, uint step) {
  uint codes = (b.q[step >> 1] >> (4 * (step & 1) + 2 * row)) & 0x03030303u;
#ifdef FORMAT_Q3_K
  codes |= ((b.h >> (2 * step + row)) & 0x01010101u) << 2;
#endif
  return codes;
}

int scale_of(uint scales, uint step) {
#ifdef FORMAT_Q3_K
  return bitfieldExtract(int(scales), int(8 * step), 8);
#else
  return int((scales >> (8 * step)) & 0xFu);
#endif
}

int minimum_of(uint scales, uint step) {
  return int((scales >> (8 * step + 4)) & 0xFu);
}

float super_of(Tile b, uint row) {
#ifdef FORMAT_Q3_K
  return unpackHalf2x16(b.d)[row];
#else
  return unpackHalf2x16(row == 0 ? b.d.x : b.d.y).x;
#endif
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const uint s = row == 0 ? b.s.x : b.s.y;
  const vec4 q = code_floats(tile_codes(b, row, step));
  precise float scale = super_of(b, row) * float(scale_of(s, step));
#ifdef FORMAT_Q3_K
  return scale * (q - 4.0);
#else
  const float dmin = unpackHalf2x16(row == 0 ? b.d.x : b.d.y).y;
  precise float minimum = dmin * float(minimum_of(s, step));
  precise vec4 scaled = scale * q;
  precise vec4 w = scaled - minimum;
  return w;
#endif
}

float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const uint s = row == 0 ? b.s.x : b.s.y;
  const float first = scaled_sums(sums.x, scale_of(s, 0), sums.y, scale_of(s, 1));
  const float second = scaled_sums(sums.z, scale_of(s, 2), sums.w, scale_of(s, 3));
  return super_of(b, row) * (scales.x * first + scales.y * second);
}

float tile_lowest(Tile b, uint t, vec2 sums) {
  const uint s = (t & 1) == 0 ? b.s.x : b.s.y;
#ifdef FORMAT_Q3_K
  const float first = float(scale_of(s, t & 2));
  const float second = float(scale_of(s, (t & 2) + 1));
  return 4.0 * super_of(b, t & 1) * (first * sums.x + second * sums.y);
#else
  const float dmin = unpackHalf2x16((t & 1) == 0 ? b.d.x : b.d.y).y;
  const float first = float(minimum_of(s, t & 2));
  const float second = float(minimum_of(s, (t & 2) + 1));
  return dmin * (first * sums.x + second * sums.y);
#endif
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const uint s = row == 0 ? b.s.x : b.s.y;
  const f16vec2 q = code_halves(tile_codes(b, row, step) >> (8 * (pair >> 1)));
#ifdef FORMAT_Q3_K
  const float16_t scale = float16_t(scale_of(s, step)) * unpackFloat2x16(b.d)[row];
  return (q - f16vec2(1028.0hf)) * scale;
#else
  const f16vec2 d = unpackFloat2x16(row == 0 ? b.d.x : b.d.y);
  const f16vec2 scale = f16vec2(scale_of(s, step), minimum_of(s, step)) * d;
  return fma(q - f16vec2(1024.0hf), scale.xx, -scale.yy);
#endif
}
#endif
