// w = d * q, q signed.
#include "codes.glsl"
#define STEPS_A_SCALE 2
#define CODE_BYTES 1024u
#define UPPER_BYTES 0u
#define SCALE_BYTES 64u

struct Tile {
  uvec4 q[2];
  uvec2 s;
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q[0] = Vectors(w.codes).v[tile * 64 + lane];
  b.q[1] = Vectors(w.codes).v[tile * 64 + 32 + lane];
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
  return b;
}

uint tile_codes(Tile b, uint row, uint step) {
  return b.q[step >> 1][2 * (step & 1) + row];
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const float d = unpackHalf2x16(row == 0 ? b.s.x : b.s.y)[step >> 1];
  // Plus 128 is a flipped sign bit.
  return (code_floats(tile_codes(b, row, step) ^ 0x80808080u) - 128.0) * d;
}

float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const vec2 d = unpackHalf2x16(row == 0 ? b.s.x : b.s.y);
  return d.x * (scales.x * float(sums.x)) + d.y * (scales.y * float(sums.z));
}

float tile_lowest(Tile b, uint t, vec2 sums) {
  return 0.0;
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const float16_t d = unpackFloat2x16(row == 0 ? b.s.x : b.s.y)[step >> 1];
  const uint word = (tile_codes(b, row, step) ^ 0x80808080u) >> (8 * (pair >> 1));
  return (code_halves(word) - f16vec2(1152.0hf)) * d;
}
#endif
