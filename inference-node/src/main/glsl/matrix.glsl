// What all matrix kernels share: their arguments, and what happens to a result on its way out.
//
// outputs[token][row] = weights[row] . input[token] (+ bias[row]) (+ residual[token][row]), or
// gated: activation(gate[row] . input[token]) * (up[row] . input[token]).
#extension GL_EXT_control_flow_attributes : require
#define VULKAN_MEMORY
#include "tile.glsl"
#include "link.glsl"

layout(push_constant) uniform Arguments {
  uint64_t weights;  // gated: the gate's
  uint64_t upWeights;
  uint64_t inputs;
  uint64_t norm;
  uint64_t bias;
  uint64_t residual;
  uint64_t outputs;
  uint64_t scratch;
  uint rows;
  uint columns;
  uint tokens;
  uint inputStride;     // numbers from one token to the next
  uint outputStride;
  uint residualStride;
  float epsilon;
  uint chunksASplit;
  uint64_t carried;     // a norm's state, see carried_norm.glsl
  uint carriedSide;     // of the scale in the input (or, left behind, in what goes there); plus 2:
                        // hands on its own
  uint carriedParts;    // sums of squares of each token
  LINK_ARGUMENTS
};

layout(constant_id = 10) const uint GATE = 0;  // 0: not gated, 1: SiLU, 2: GELU (tanh)
layout(constant_id = 11) const bool BIAS = false;
layout(constant_id = 12) const bool RESIDUAL = false;
layout(constant_id = 13) const bool HALF_OUT = false;

layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Floats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer FloatPairs { vec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer PassedFloats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) PASSED buffer PassedFloatPairs { vec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer PassedWords { uint v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) PASSED buffer PassedVectors { uvec4 v[]; };

float activated(float gate) {
  if (GATE == 1) {
    return gate / (1.0 + exp(-gate));
  }
  const float y = 0.7978845608028654 * gate * (1.0 + 0.044715 * gate * gate);
  return gate / (1.0 + exp(-2.0 * y));
}

float finished(uint token, uint row, float value) {
  if (BIAS) {
    value += Floats(bias).v[row];
  }
  if (RESIDUAL) {
    value += PassedFloats(residual).v[token * residualStride + row];
  }
  return value;
}

// What becomes of the sums of rows `row` (even) and `row + 1`.
vec2 finished_two(uint token, uint row, vec2 value, vec2 up) {
  if (GATE != 0) {
    value = vec2(activated(value.x), activated(value.y)) * up;
  }
  value.x = finished(token, row, value.x);
  value.y = row + 1 < rows ? finished(token, row + 1, value.y) : 0.0;
  return value;
}

// Writes rows `row` (even) and `row + 1` of a token, as far as they exist. In float16 the second is
// zero where it does not: the padding of the next product's input.
void write_two(uint token, uint row, vec2 value, vec2 up) {
  if (token >= tokens || row >= rows) {
    return;
  }
  value = finished_two(token, row, value, up);
  const bool both = row + 1 < rows;
  if (HALF_OUT) {
    PassedWords(outputs).v[(token * outputStride + row) >> 1] = packHalf2x16(value);
  } else {
    PassedFloats(outputs).v[token * outputStride + row] = value.x;
    if (both) {
      PassedFloats(outputs).v[token * outputStride + row + 1] = value.y;
    }
  }
}
