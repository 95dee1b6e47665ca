// float16 and bfloat16: one vector a step.
#define CODE_BYTES 2048u
#define UPPER_BYTES 0u
#define SCALE_BYTES 0u

struct Tile {
  uvec4 q[4];
};

Tile tile_load(Weights w, uint tile, uint lane) {
  Tile b;
  [[unroll]] for (uint i = 0; i < 4; i++) {
    b.q[i] = Vectors(w.codes).v[tile * 128 + i * 32 + lane];
  }
  return b;
}

vec2 two_floats(uint bits) {
#ifdef FORMAT_BF16
  return uintBitsToFloat(uvec2(bits << 16, bits & 0xFFFF0000u));
#else
  return unpackHalf2x16(bits);
#endif
}

vec4 tile_weights(Tile b, uint row, uint step) {
  const uvec4 q = b.q[step];
  const vec2 near = two_floats(row == 0 ? q.x : q.y);
  const vec2 far = two_floats(row == 0 ? q.z : q.w);
  return vec4(near.x, far.x, near.y, far.y);
}

#ifdef HALVES
f16vec2 tile_pair(Tile b, uint step, uint pair) {
#ifdef FORMAT_BF16
  return f16vec2(two_floats(b.q[step][pair]));
#else
  return unpackFloat2x16(b.q[step][pair]);
#endif
}
#endif
