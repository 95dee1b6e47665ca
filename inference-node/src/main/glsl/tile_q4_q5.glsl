// Blocks of 32 with a float16 scale: w = d * (q - OFFSET), or with a minimum w = d * q + m.
#include "codes.glsl"
#define STEPS_A_SCALE 2
#define CODE_BYTES 512u
#if defined(FORMAT_Q5_0) || defined(FORMAT_Q5_1)
#define FIFTH_BIT
#define UPPER_BYTES 128u
#else
#define UPPER_BYTES 0u
#endif
#if defined(FORMAT_Q4_1) || defined(FORMAT_Q5_1)
#define MINIMA
#define SCALE_BYTES 128u
#define OFFSET 0
#else
#define SCALE_BYTES 64u
#ifdef FIFTH_BIT
#define OFFSET 16
#else
#define OFFSET 8
#endif
#endif

struct Tile {
  uvec4 q;
#ifdef FIFTH_BIT
  uint h;
#endif
#ifdef MINIMA
  uvec4 s;
#else
  uvec2 s;
#endif
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q = Vectors(w.codes).v[tile * 32 + lane];
#ifdef FIFTH_BIT
  b.h = Words(w.upper).v[tile * 32 + lane];
#endif
#ifdef MINIMA
  b.s = Vectors(w.scales).v[tile * 8 + lane / 4];
#else
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
#endif
  return b;
}

uint tile_codes(Tile b, uint row, uint step) {
  uint codes = (b.q[step] >> (4 * row)) & 0x0F0F0F0Fu;
#ifdef FIFTH_BIT
  codes |= ((b.h >> (2 * step + row)) & 0x01010101u) << 4;
#endif
  return codes;
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const float d = unpackHalf2x16(row == 0 ? b.s.x : b.s.y)[step >> 1];
  const vec4 q = code_floats(tile_codes(b, row, step));
#ifdef MINIMA
  const float m = unpackHalf2x16(row == 0 ? b.s.z : b.s.w)[step >> 1];
  precise vec4 scaled = d * q;
  precise vec4 w = scaled + m;
  return w;
#else
  return d * (q - float(OFFSET));
#endif
}

float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const vec2 d = unpackHalf2x16(row == 0 ? b.s.x : b.s.y);
  return d.x * (scales.x * float(sums.x)) + d.y * (scales.y * float(sums.z));
}

float tile_lowest(Tile b, uint t, vec2 sums) {
#ifdef MINIMA
  const vec2 m = unpackHalf2x16((t & 1) == 0 ? b.s.z : b.s.w);
  return -((t & 2) == 0 ? m.x : m.y) * (sums.x + sums.y);
#else
  const vec2 d = unpackHalf2x16((t & 1) == 0 ? b.s.x : b.s.y);
  return ((t & 2) == 0 ? d.x : d.y) * float(OFFSET) * (sums.x + sums.y);
#endif
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const float16_t d = unpackFloat2x16(row == 0 ? b.s.x : b.s.y)[step >> 1];
#ifdef FIFTH_BIT
  const f16vec2 q = code_halves(tile_codes(b, row, step) >> (8 * (pair >> 1)));
#else
  const f16vec2 q = unpackFloat2x16(((b.q[step] >> (4 * pair)) & 0x000F000Fu) | 0x64006400u);
#endif
#ifdef MINIMA
  const float16_t m = unpackFloat2x16(row == 0 ? b.s.z : b.s.w)[step >> 1];
  return fma(q - f16vec2(1024.0hf), f16vec2(d), f16vec2(m));
#else
  return (q - f16vec2(1024.0hf + float16_t(OFFSET))) * d;
#endif
}
#endif
