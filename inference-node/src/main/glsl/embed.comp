#version 460
// A row of the embedding matrix for each token, times the model's scale, into the residual stream.
// An invocation takes what one lane of a tile owns of its row: 16 of 64 columns.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "tile.glsl"

layout(local_size_x_id = 0) in;

layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer Stream { float v[]; };

layout(push_constant) uniform Push {
  uint64_t matrix;
  uint64_t ids;        // of the tokens
  uint64_t stream;     // [token][64 * columnTiles]
  uint rowTiles;
  uint columnTiles;
  float scale;
};

void main() {
  uint i = gl_GlobalInvocationID.x;
  uint token = gl_WorkGroupID.y;
  if (i >= columnTiles * 4u) {
    return;
  }
  uint row = Words(ids).v[token];
  uint column = i / 4u;
  uint t = i % 4u;
  Tile tile = tile_load(
      weights_at(matrix, rowTiles, columnTiles),
      row / 16u * columnTiles + column,
      row % 8u * 4u + t);
  uint at = (token * columnTiles + column) * 64u + 2u * t;
  [[unroll]] for (uint step_ = 0u; step_ < 4u; step_++) {
    vec4 four = tile_weights(tile, row / 8u % 2u, step_) * scale;
    Stream(stream).v[at + 16u * step_] = four.x;
    Stream(stream).v[at + 16u * step_ + 8u] = four.y;
    Stream(stream).v[at + 16u * step_ + 1u] = four.z;
    Stream(stream).v[at + 16u * step_ + 9u] = four.w;
  }
}
