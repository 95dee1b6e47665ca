#define CODE_BYTES 4096u
#define UPPER_BYTES 0u
#define SCALE_BYTES 0u

struct Tile {
  uvec4 q[8];
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  [[unroll]] for (uint i = 0; i < 8; i++) {
    b.q[i] = Vectors(w.codes).v[tile * 256 + i * 32 + lane];
  }
  return b;
}

vec4 tile_weights(Tile b, uint row, uint step) {
  return uintBitsToFloat(b.q[2 * step + row]);
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
  const vec4 w = uintBitsToFloat(b.q[2 * step + (pair & 1)]);
  return f16vec2(pair < 2 ? w.xz : w.yw);
}
#endif
