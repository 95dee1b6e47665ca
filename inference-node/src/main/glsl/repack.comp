#version 460
// Brings rows of a matrix from the file's order into the device's: WeightLayout.java describes the
// planes. 32 invocations a tile of 16 x 64, each for what its lane owns. Rows and columns that the
// matrix has not become zeros.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint CODE_BYTES = 512;
layout(constant_id = 2) const uint UPPER_BYTES = 0;
layout(constant_id = 3) const uint SCALE_BYTES = 64;
layout(constant_id = 4) const uint SUPER_BYTES = 0;

layout(push_constant) uniform Push {
  uint64_t stored;   // the first of these rows
  uint64_t codes;    // where these rows' part of each plane begins
  uint64_t upper;
  uint64_t scales;
  uint64_t supers;
  uint rows;
  uint columns;
  uint columnTiles;
  uint rowBytes;
  uint tiles;
};

#include "stored.glsl"

layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer VectorsOut { uvec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) writeonly buffer PairsOut { uvec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer WordsOut { uint v[]; };

#ifdef PLAIN
uint number(uint row, uint column) {
  if (row >= rows || column >= columns) {
    return 0u;
  }
#ifdef FORMAT_F32
  return word_at(row * rowBytes + 4 * column);
#else
  return half_at(row * rowBytes + 2 * column);
#endif
}

void numbers(uint tile, uint lane, uint row, uint column) {
  [[unroll]] for (uint step_ = 0; step_ < 4; step_++) {
    const uint c = column + 16 * step_;
#ifdef FORMAT_F32
    [[unroll]] for (uint far = 0; far < 2; far++) {
      const uint r = row + 8 * far;
      VectorsOut(codes).v[(tile * 8 + 2 * step_ + far) * 32 + lane] =
          uvec4(number(r, c), number(r, c + 8), number(r, c + 1), number(r, c + 9));
    }
#else
    uvec4 pairs;
    [[unroll]] for (uint pair = 0; pair < 4; pair++) {
      const uint r = row + 8 * (pair & 1);
      const uint at = c + 8 * (pair >> 1);
      pairs[pair] = number(r, at) | number(r, at + 1) << 16;
    }
    VectorsOut(codes).v[(tile * 4 + step_) * 32 + lane] = pairs;
#endif
  }
}
#else

// What the lane owns of one row: four codes a step, a byte each.
uvec4 codes_of(uint row, uint column) {
  uvec4 four = uvec4(0);
  if (row < rows) {
    [[unroll]] for (uint step_ = 0; step_ < 4; step_++) {
      const uint c = column + 16 * step_;
      if (c < columns) {
        const uint at = row * rowBytes;
        four[step_] = stored_code(at, c) | stored_code(at, c + 8) << 8
            | stored_code(at, c + 1) << 16 | stored_code(at, c + 9) << 24;
      }
    }
  }
  return four;
}

// Two bits of all codes, from `bit` on.
uvec2 pairs_of(uvec4 near, uvec4 far, uint bit) {
  const uvec4 a = near >> bit & 0x03030303u;
  const uvec4 b = far >> bit & 0x03030303u;
  return uvec2(
      a.x | b.x << 2 | a.y << 4 | b.y << 6,
      a.z | b.z << 2 | a.w << 4 | b.w << 6);
}

void put_codes(uint tile, uint lane, uvec4 near, uvec4 far) {
  uint low = 4;
  if (CODE_BYTES == 1024) {
    VectorsOut(codes).v[tile * 64 + lane] = uvec4(near.x, far.x, near.y, far.y);
    VectorsOut(codes).v[tile * 64 + 32 + lane] = uvec4(near.z, far.z, near.w, far.w);
  } else if (CODE_BYTES == 512) {
    VectorsOut(codes).v[tile * 32 + lane] = near & 0x0F0F0F0Fu | (far & 0x0F0F0F0Fu) << 4;
  } else {
    PairsOut(codes).v[tile * 32 + lane] = pairs_of(near, far, 0);
    low = 2;
  }
  if (UPPER_BYTES == 128) {
    const uvec4 a = near >> low & 0x01010101u;
    const uvec4 b = far >> low & 0x01010101u;
    WordsOut(upper).v[tile * 32 + lane] = a.x | b.x << 1 | a.y << 2 | b.y << 3 | a.z << 4
        | b.z << 5 | a.w << 6 | b.w << 7;
  } else if (UPPER_BYTES == 256) {
    PairsOut(upper).v[tile * 32 + lane] = pairs_of(near, far, low);
  }
}

// The lanes of a row of the tile share this work: the first does row g, the second row g + 8, or the
// first does both where two of them fill a word.
void put_scales(uint tile, uint g, uint t, uint row, uint rowTile, uint columnTile) {
  const bool both = columnTile * 64 + 32 < columns;
  const uint near = row * rowBytes;
  const uint far = near + 8 * rowBytes;
  const uint own = t == 0 ? near : far;
  const bool exists = row + 8 * t < rows;
  if (SCALE_BYTES == 32) {
    if (t == 0) {
      const uint first = row < rows ? stored_scale(near, columnTile, both) : 0u;
      const uint second = row + 8 < rows ? stored_scale(far, columnTile, both) : 0u;
      WordsOut(scales).v[tile * 8 + g] = first | second << 16;
    }
  } else if (t < 2) {
    const uint at = (tile * SCALE_BYTES + g * (SCALE_BYTES / 8)) / 4 + t;
    WordsOut(scales).v[at] = exists ? stored_scale(own, columnTile, both) : 0u;
#ifdef MINIMA
    WordsOut(scales).v[at + 2] = exists ? stored_minimum(own, columnTile, both) : 0u;
#endif
  }
#ifdef SUPERS
  if (columnTile % 4 == 0) {
    const uint entry = rowTile * (columnTiles / 4) + columnTile / 4;
    if (SUPER_BYTES == 64 && t < 2) {
      WordsOut(supers).v[entry * 16 + 2 * g + t] = exists ? stored_super(own, columnTile) : 0u;
    } else if (SUPER_BYTES == 32 && t == 0) {
      const uint first = row < rows ? stored_super(near, columnTile) : 0u;
      const uint second = row + 8 < rows ? stored_super(far, columnTile) : 0u;
      WordsOut(supers).v[entry * 8 + g] = first | second << 16;
    }
  }
#endif
}
#endif

void main() {
  const uint tile = gl_GlobalInvocationID.x / 32;
  if (tile >= tiles) {
    return;
  }
  const uint lane = gl_GlobalInvocationID.x % 32;
  const uint rowTile = tile / columnTiles;
  const uint columnTile = tile % columnTiles;
  const uint row = rowTile * 16 + lane / 4;
  const uint column = columnTile * 64 + lane % 4 * 2;
#ifdef PLAIN
  numbers(tile, lane, row, column);
#else
  put_codes(tile, lane, codes_of(row, column), codes_of(row + 8, column));
  put_scales(tile, lane / 4, lane % 4, row, rowTile, columnTile);
#endif
}
