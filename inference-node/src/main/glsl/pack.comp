#version 460
// Packs rows of the residual stream for the first product, times the weights of its norm: a
// workgroup for each row.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "blocks.glsl"
#include "number_bytes.glsl"
#include "pack.glsl"

layout(local_size_x_id = 0) in;

layout(push_constant) uniform Push {
  PassedFloats stream;  // [row][stride]
  Floats weight;
  PackedWords result;   // [row][tiles * PACKED_TILE_WORDS]
  uint stride;
  uint columns;         // a multiple of 32
  LINK_ARGUMENTS
};

void main() {
  const uint t = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  const uint row = gl_WorkGroupID.x;
  const uint tiles = (columns + 63) / 64;
  phase_begin()
  for (uint column = 2 * t; column < columns; column += 2 * gl_WorkGroupSize.x) {
    const vec2 x = vec2(stream.v[row * stride + column], stream.v[row * stride + column + 1]);
    pack_two(PackedWords(uint64_t(result) + uint64_t(row * tiles * PACKED_TILE_WORDS) * 4ul), tiles,
        column, x, x * vec2(weight.v[column], weight.v[column + 1]));
  }
  phase_end()
}
