// Blocks of 32 in super-blocks of 256: w = (d * scale) * q - dmin * minimum.
#include "codes.glsl"
#define STEPS_A_SCALE 2
#define CODE_BYTES 512u
#ifdef FORMAT_Q5_K
#define UPPER_BYTES 128u
#else
#define UPPER_BYTES 0u
#endif
#define SCALE_BYTES 64u

struct Tile {
  uvec4 q;
#ifdef FORMAT_Q5_K
  uint h;
#endif
  uvec2 s;  // bytes: scale, scale, minimum, minimum
  uvec2 d;  // float16 d, dmin
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q = Vectors(w.codes).v[tile * 32 + lane];
#ifdef FORMAT_Q5_K
  b.h = Words(w.upper).v[tile * 32 + lane];
#endif
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
  b.d = Pairs(w.supers).v[(tile >> 2) * 8 + lane / 4];
  return b;
}

uint tile_codes(Tile b, uint row, uint step) {
  uint codes = (b.q[step] >> (4 * row)) & 0x0F0F0F0Fu;
#ifdef FORMAT_Q5_K
  codes |= ((b.h >> (2 * step + row)) & 0x01010101u) << 4;
#endif
  return codes;
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const vec2 d = unpackHalf2x16(row == 0 ? b.d.x : b.d.y);
  const uint s = (row == 0 ? b.s.x : b.s.y) >> (8 * (step >> 1));
  precise float scale = d.x * float(s & 0xFFu);
  precise float minimum = d.y * float((s >> 16) & 0xFFu);
  precise vec4 scaled = scale * code_floats(tile_codes(b, row, step));
  precise vec4 w = scaled - minimum;
  return w;
}

float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const float d = unpackHalf2x16(row == 0 ? b.d.x : b.d.y).x;
  const uint s = row == 0 ? b.s.x : b.s.y;
  const float first = scaled_sum(sums.x, int(s & 0xFFu));
  const float second = scaled_sum(sums.z, int((s >> 8) & 0xFFu));
  return d * (scales.x * first + scales.y * second);
}

float tile_lowest(Tile b, uint t, vec2 sums) {
  const float dmin = unpackHalf2x16((t & 1) == 0 ? b.d.x : b.d.y).y;
  const uint s = (t & 1) == 0 ? b.s.x : b.s.y;
  return dmin * float((s >> (16 + 4 * (t & 2))) & 0xFFu) * (sums.x + sums.y);
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const f16vec2 d = unpackFloat2x16(row == 0 ? b.d.x : b.d.y);
  const f16vec2 scale =
      (code_halves((row == 0 ? b.s.x : b.s.y) >> (8 * (step >> 1))) - f16vec2(1024.0hf)) * d;
#ifdef FORMAT_Q5_K
  const f16vec2 q = code_halves(tile_codes(b, row, step) >> (8 * (pair >> 1)));
#else
  const f16vec2 q = unpackFloat2x16(((b.q[step] >> (4 * pair)) & 0x000F000Fu) | 0x64006400u);
#endif
  return fma(q - f16vec2(1024.0hf), scale.xx, -scale.yy);
}
#endif
