#version 460
// activation(gate) * up, where the two matrices were multiplied with apart. An invocation takes two
// numbers of a row.
#extension GL_GOOGLE_include_directive : require
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint GELU = 0;  // else SiLU
layout(constant_id = 2) const uint HALF = 0;  // out: halves or floats

layout(push_constant) uniform Push {
  Float2s gate;
  Float2s up;
  Words result;
  uint stride;
};

float activated(float x) {
  if (GELU == 0u) {
    return x / (1.0 + exp(-x));
  }
  float y = 0.7978845608028654 * x * (1.0 + 0.044715 * x * x);
  return x / (1.0 + exp(-2.0 * y));
}

void main() {
  uint column = gl_GlobalInvocationID.x * 2u;
  if (column >= stride) {
    return;
  }
  uint at = gl_WorkGroupID.y * stride + column;
  vec2 g = gate.v[at / 2u];
  vec2 x = vec2(activated(g.x), activated(g.y)) * up.v[at / 2u];
  if (HALF != 0u) {
    result.v[at / 2u] = halves(x.x, x.y);
  } else {
    result.v[at] = floatBitsToUint(x.x);
    result.v[at + 1u] = floatBitsToUint(x.y);
  }
}
