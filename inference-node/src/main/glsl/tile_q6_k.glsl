// Blocks of 16 in super-blocks of 256: w = (d * scale) * (q - 32), scale signed.
#include "codes.glsl"
#define STEPS_A_SCALE 1
#define CODE_BYTES 512u
#define UPPER_BYTES 256u
#define SCALE_BYTES 64u

struct Tile {
  uvec4 q;
  uvec2 h;
  uvec2 s;  // four signed bytes, one a step
  uint d;   // float16 d of rows g and g + 8
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  b.q = Vectors(w.codes).v[tile * 32 + lane];
  b.h = Pairs(w.upper).v[tile * 32 + lane];
  b.s = Pairs(w.scales).v[tile * 8 + lane / 4];
  b.d = Words(w.supers).v[(tile >> 2) * 8 + lane / 4];
  return b;
}

uint tile_codes(Tile b, uint row, uint step) {
  const uint upper = (b.h[step >> 1] >> (4 * (step & 1) + 2 * row)) & 0x03030303u;
  return ((b.q[step] >> (4 * row)) & 0x0F0F0F0Fu) | (upper << 4);
}

int scale_of(uint scales, uint step) {
  return bitfieldExtract(int(scales), int(8 * step), 8);
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const float d = unpackHalf2x16(b.d)[row];
  precise float scale = d * float(scale_of(row == 0 ? b.s.x : b.s.y, step));
  return scale * (code_floats(tile_codes(b, row, step)) - 32.0);
}

// Sums stay below 2^24: 2 steps x 16 products below 64 x 127, times 128.
float tile_dot(Tile b, uint row, ivec4 sums, vec2 scales) {
  const float d = unpackHalf2x16(b.d)[row];
  const uint s = row == 0 ? b.s.x : b.s.y;
  const float first = scaled_sums(sums.x, scale_of(s, 0), sums.y, scale_of(s, 1));
  const float second = scaled_sums(sums.z, scale_of(s, 2), sums.w, scale_of(s, 3));
  return d * (scales.x * first + scales.y * second);
}

float tile_lowest(Tile b, uint t, vec2 sums) {
  const float d = unpackHalf2x16(b.d)[t & 1];
  const uint s = (t & 1) == 0 ? b.s.x : b.s.y;
  const float first = float(scale_of(s, t & 2));
  const float second = float(scale_of(s, (t & 2) + 1));
  return 32.0 * d * (first * sums.x + second * sums.y);
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const uint row = pair & 1;
  const float16_t d = unpackFloat2x16(b.d)[row];
  // Scales plus 128, of steps 0 and 2 or of 1 and 3.
  const uint s = ((row == 0 ? b.s.x : b.s.y) ^ 0x80808080u) >> (8 * (step & 1));
  const float16_t scale = (code_halves(s)[step >> 1] - 1152.0hf) * d;
  const f16vec2 q = code_halves(tile_codes(b, row, step) >> (8 * (pair >> 1)));
  return (q - f16vec2(1056.0hf)) * scale;
}
#endif
