#version 460
// One row (token) a workgroup, the residual stream on its way between two halves of a layer:
//   MODE 0: out = norm(row) * weight
//   MODE 1: row += norm(branch) * postWeight; out = norm(row) * weight (gemma)
//   MODE 2: row += norm(branch) * postWeight, and nothing else
// All rows and weights are padded with zeros to a multiple of 64, so that padding stays zero.
#extension GL_GOOGLE_include_directive : require
#ifdef ARITHMETIC
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "blocks.glsl"
#include "carried_norm.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint MODE = 0;
layout(constant_id = 2) const uint HALF = 0;     // out: halves or floats
layout(constant_id = 3) const uint CHOSEN = 0;   // rows are those that `chosen` names
layout(constant_id = 4) const uint CARRIES = 0;  // the first norm of those that products carry

layout(push_constant) uniform Push {
  PassedFloat4s stream;
  PassedFloat4s branch;
  Float4s postWeight;
  Float4s weight;
  PassedFloat4s result;
  Words chosen;
  PassedFloats carried;
  uint quads;          // of a row, padding included
  float columns;       // without padding
  float epsilon;
  LINK_ARGUMENTS
};

shared float partial[gl_WorkGroupSize.x];

float total(float own) {
#ifdef ARITHMETIC
  barrier();
  float ofSubgroup = subgroupAdd(own);
  if (gl_SubgroupInvocationID == 0u) {
    partial[gl_SubgroupID] = ofSubgroup;
  }
  barrier();
  float all = 0.0;
  for (uint i = 0u; i < gl_NumSubgroups; i++) {
    all += partial[i];
  }
  return all;
#else
  uint t = gl_LocalInvocationID.x;
  barrier();
  partial[t] = own;
  barrier();
  for (uint half_ = gl_WorkGroupSize.x / 2u; half_ > 0u; half_ >>= 1) {
    if (t < half_) {
      partial[t] += partial[t + half_];
    }
    barrier();
  }
  return partial[0];
#endif
}

void main() {
  uint t = gl_LocalInvocationID.x;
  uint row = gl_WorkGroupID.x;
  uint at = row;
  if (CHOSEN != 0u) {
    at = chosen.v[row];
    if (at == NOBODY) {
      phase_end()
      return;
    }
  }
  uint from = at * quads;
  float squares = 0.0;
  // What each invocation needs first is asked for once, and early.
  vec4 first = vec4(0.0);
  vec4 firstWeight = vec4(0.0);
  if (MODE != 2u && t < quads) {
    firstWeight = weight.v[t];
  }
  phase_begin()
  if (MODE != 0u) {
    for (uint i = t; i < quads; i += gl_WorkGroupSize.x) {
      vec4 x = branch.v[from + i];
      squares += dot(x, x);
    }
    float scale = inversesqrt(total(squares) / columns + epsilon);
    squares = 0.0;
    for (uint i = t; i < quads; i += gl_WorkGroupSize.x) {
      vec4 x = stream.v[from + i] + branch.v[from + i] * scale * postWeight.v[i];
      stream.v[from + i] = x;
      first = i == t ? x : first;
      squares += dot(x, x);
    }
    if (MODE == 2u) {
      phase_end()
      return;
    }
  } else {
    for (uint i = t; i < quads; i += gl_WorkGroupSize.x) {
      vec4 x = stream.v[from + i];
      first = i == t ? x : first;
      squares += dot(x, x);
    }
  }
  float all = total(squares);
  float scale = inversesqrt(all / columns + epsilon);
  if (CARRIES != 0u && t == 0u) {
    carried.v[row] = scale;
    carried.v[CARRIED_SQUARES + row * CARRIED_PARTS] = all;
  }
  for (uint i = t; i < quads; i += gl_WorkGroupSize.x) {
    vec4 x = (i == t ? first : stream.v[from + i]) * scale * (i == t ? firstWeight : weight.v[i]);
    if (HALF != 0u) {
      PassedWord2s(result).v[row * quads + i] = uvec2(halves(x.x, x.y), halves(x.z, x.w));
    } else {
      result.v[row * quads + i] = x;
    }
  }
  phase_end()
}
