#version 460
// Few tokens (1 to 4): each lane loads codes for its 2 x 16 numbers of a tile, many tiles ahead, and
// multiplies them with the tokens' activations, which lie in shared memory: as bytes with a scale
// for 32 columns (INTEGER), or as float32.
//
// A workgroup owns TILES rows of tiles at a time; its K_GROUPS groups of 32 lanes share the columns.
// It stages the activations once and then walks over rows of tiles, the next one's first loads
// already on their way while it sums up the last. An RMS norm's factor is a token's own, so it is
// applied to the sums; only its weights are to the activations.
#pragma use_vulkan_memory_model
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#ifdef INTEGER
#extension GL_EXT_integer_dot_product : require
#endif
#include "matrix.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint K_GROUPS = 8;
layout(constant_id = 2) const uint TILES = 1;        // gated: 2, the gate's and the other one's
layout(constant_id = 3) const uint AHEAD = 4;        // tiles loaded ahead, side by side
layout(constant_id = 4) const uint TOKENS = 1;
layout(constant_id = 5) const uint CHUNK = 64;       // tiles of columns staged at a time
layout(constant_id = 6) const uint CHUNKS = 1;
layout(constant_id = 7) const bool NORM = false;

const uint THREADS = 32 * K_GROUPS;
const uint MOST_SUBGROUPS = THREADS / 4;

#ifdef INTEGER
shared uvec4 stagedCodes[TOKENS * CHUNK * 4];  // [token][tile][t], a word a step
shared vec2 stagedScales[TOKENS * CHUNK];
shared vec2 stagedSums[TOKENS * CHUNK * 2];
#else
shared vec4 staged[TOKENS * CHUNK * 16];  // [token][tile][step][t]
#endif
shared float partial[2 * TOKENS * TILES * 16 * K_GROUPS];
shared float squares[TOKENS * MOST_SUBGROUPS];

uint thread;

#define OF_FOUR(TYPE) \
  TYPE sum_of_four(TYPE v) { \
    v += subgroupShuffleXor(v, 1); \
    return v + subgroupShuffleXor(v, 2); \
  }
OF_FOUR(vec2)
OF_FOUR(ivec4)

vec2 most_of_four(vec2 v) {
  v = max(v, subgroupShuffleXor(v, 1));
  return max(v, subgroupShuffleXor(v, 2));
}

float input_at(uint token, uint column) {
  return column < columns ? Floats(inputs).v[token * inputStride + column] : 0.0;
}

// Columns `column` (even) and the next.
vec2 input_two(uint token, uint column) {
  const uint at = token * inputStride + column;
  return column + 1 < columns && (inputStride & 1) == 0
      ? FloatPairs(inputs).v[at >> 1]
      : vec2(input_at(token, column), input_at(token, column + 1));
}

vec2 norm_two(uint column) {
  return column + 1 < columns
      ? FloatPairs(norm).v[column >> 1]
      : vec2(column < columns ? Floats(norm).v[column] : 0.0, 0.0);
}

#ifdef INTEGER
uint bytes_of(ivec4 q) {
  return (uint(q.x) & 0xFFu) | ((uint(q.y) & 0xFFu) << 8) | ((uint(q.z) & 0xFFu) << 16)
      | (uint(q.w) << 24);
}

float largest(vec4 v) {
  v = abs(v);
  return max(max(v.x, v.y), max(v.z, v.w));
}
#endif

// Stages `CHUNK` tiles of columns. Four neighbouring threads share a tile: thread t takes columns
// 2t, 2t+1, 2t+8, 2t+9 of each step.
void stage(uint chunk, bool countSquares, inout float squared[TOKENS]) {
  [[unroll]] for (uint n = 0; n < TOKENS; n++) {
    for (uint first = 0; first < CHUNK * 4; first += THREADS) {
      const uint item = first + thread;
      const uint tile = item >> 2;
      const uint t = item & 3;
      const bool stored = tile < CHUNK;
      vec4 x[4];
      [[unroll]] for (uint step = 0; step < 4; step++) {
        const uint column =
            stored ? (chunk * CHUNK + tile) * 64 + step * 16 + 2 * t : columns;
        const vec2 near = input_two(n, column);
        const vec2 far = input_two(n, column + 8);
        x[step] = vec4(near.x, far.x, near.y, far.y);
        if (NORM) {
          if (countSquares) {
            squared[n] += dot(x[step], x[step]);
          }
          const vec2 nearWeight = norm_two(column);
          const vec2 farWeight = norm_two(column + 8);
          x[step] *= vec4(nearWeight.x, farWeight.x, nearWeight.y, farWeight.y);
        }
      }
#ifdef INTEGER
      vec2 most = vec2(max(largest(x[0]), largest(x[1])), max(largest(x[2]), largest(x[3])));
      most = most_of_four(most);
      const vec2 scale = most / 127.0;
      const vec2 inverse =
          vec2(most.x > 0.0 ? 127.0 / most.x : 0.0, most.y > 0.0 ? 127.0 / most.y : 0.0);
      uvec4 words;
      ivec4 sums;
      [[unroll]] for (uint step = 0; step < 4; step++) {
        const ivec4 q = clamp(ivec4(roundEven(x[step] * inverse[step >> 1])), -127, 127);
        words[step] = bytes_of(q);
        sums[step] = q.x + q.y + q.z + q.w;
      }
      sums = sum_of_four(sums);
      if (stored) {
        const uint at = n * CHUNK + tile;
        stagedCodes[at * 4 + t] = words;
        if (t == 0) {
          stagedScales[at] = scale;
        }
        if (t < 2) {
          stagedSums[at * 2 + t] =
              t == 0 ? vec2(sums.xy) * scale.x : vec2(sums.zw) * scale.y;
        }
      }
#else
      if (stored) {
        [[unroll]] for (uint step = 0; step < 4; step++) {
          staged[(n * CHUNK + tile) * 16 + step * 4 + t] = x[step];
        }
      }
#endif
    }
  }
}

void main() {
  // Neighbours by construction, whatever the subgroup size: the exchanges among four rely on it.
  thread = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  const uint lane = thread & 31;
  const uint t = lane & 3;
  const uint kGroup = thread >> 5;
  const uint columnTiles = (columns + 63) / 64;
  const uint rowTiles = (rows + 15) / 16;
  const uint rowTilesEach = GATE != 0 ? 1 : TILES;
  const uint groups = (rowTiles + rowTilesEach - 1) / rowTilesEach;
  const uint runs = (CHUNK + K_GROUPS * AHEAD - 1) / (K_GROUPS * AHEAD);
  const Weights first = weights_at(weights, rowTiles, columnTiles);
  const Weights second = GATE != 0 ? weights_at(upWeights, rowTiles, columnTiles) : first;

#define TILE_OF(run, i) (((run) * K_GROUPS + kGroup) * AHEAD + (i))
#define LOAD(i, group, chunk, run) \
  { \
    const uint column = min((chunk) * CHUNK + TILE_OF(run, i), columnTiles - 1); \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      const uint rowTile = min(GATE != 0 ? (group) : (group) * TILES + r, rowTiles - 1); \
      if (GATE != 0 && r == 1) { \
        ahead[(i) * TILES + r] = tile_load(second, rowTile * columnTiles + column, lane); \
      } else { \
        ahead[(i) * TILES + r] = tile_load(first, rowTile * columnTiles + column, lane); \
      } \
    } \
  }

  Tile ahead[AHEAD * TILES];
  [[unroll]] for (uint i = 0; i < AHEAD; i++) {
    LOAD(i, gl_WorkGroupID.x, 0, 0)
  }
  float squared[TOKENS];
  [[unroll]] for (uint n = 0; n < TOKENS; n++) {
    squared[n] = 0.0;
  }
  uint parity = 0;

  for (uint group = gl_WorkGroupID.x; group < groups; group += gl_NumWorkGroups.x) {
    float sums[TOKENS * TILES * 2];
#ifdef INTEGER
    float lowest[TOKENS * TILES];
#endif
    [[unroll]] for (uint i = 0; i < TOKENS * TILES; i++) {
      sums[2 * i] = 0.0;
      sums[2 * i + 1] = 0.0;
#ifdef INTEGER
      lowest[i] = 0.0;
#endif
    }
    const bool firstGroup = group == gl_WorkGroupID.x;
    for (uint chunk = 0; chunk < CHUNKS; chunk++) {
      if (CHUNKS > 1 || firstGroup) {
        barrier();
        stage(chunk, firstGroup, squared);
        if (NORM && firstGroup && chunk + 1 == CHUNKS) {
          [[unroll]] for (uint n = 0; n < TOKENS; n++) {
            const float all = subgroupAdd(squared[n]);
            if (gl_SubgroupInvocationID == 0) {
              squares[n * MOST_SUBGROUPS + gl_SubgroupID] = all;
            }
          }
        }
        barrier();
      }
      for (uint run = 0; run < runs; run++) {
        uint nextRun = run + 1;
        uint nextChunk = chunk;
        uint nextGroup = group;
        if (nextRun == runs) {
          nextRun = 0;
          nextChunk++;
          if (nextChunk == CHUNKS) {
            nextChunk = 0;
            nextGroup += gl_NumWorkGroups.x;
          }
        }
        [[unroll]] for (uint i = 0; i < AHEAD; i++) {
          Tile b[TILES];
          [[unroll]] for (uint r = 0; r < TILES; r++) {
            b[r] = ahead[i * TILES + r];
          }
          if (nextGroup < groups) {
            LOAD(i, nextGroup, nextChunk, nextRun)
          }
          const uint tile = TILE_OF(run, i);
          if (tile < CHUNK && chunk * CHUNK + tile < columnTiles) {
            [[unroll]] for (uint n = 0; n < TOKENS; n++) {
              const uint at = n * CHUNK + tile;
#ifdef INTEGER
              const uvec4 x = stagedCodes[at * 4 + t];
              const vec2 scale = stagedScales[at];
              const vec2 blockSums = stagedSums[at * 2 + (t >> 1)];
              [[unroll]] for (uint r = 0; r < TILES; r++) {
                [[unroll]] for (uint row = 0; row < 2; row++) {
                  ivec4 dots = ivec4(0);
                  [[unroll]] for (uint step = 0; step < 4; step++) {
                    const uint to = STEPS_A_SCALE == 2 ? step & 2 : step;
                    dots[to] = dotPacked4x8AccSatEXT(
                        int(tile_codes(b[r], row, step)), int(x[step]), dots[to]);
                  }
                  sums[2 * (n * TILES + r) + row] += tile_dot(b[r], row, dots, scale);
                }
                lowest[n * TILES + r] += tile_lowest(b[r], t, blockSums);
              }
#else
              [[unroll]] for (uint step = 0; step < 4; step++) {
                const vec4 x = staged[at * 16 + step * 4 + t];
                [[unroll]] for (uint r = 0; r < TILES; r++) {
                  [[unroll]] for (uint row = 0; row < 2; row++) {
                    sums[2 * (n * TILES + r) + row] += dot(tile_weights(b[r], row, step), x);
                  }
                }
              }
#endif
            }
          }
        }
      }
    }

    // [parity][token][tile][row][k group]
    const uint base = parity * TOKENS * TILES * 16 * K_GROUPS;
    [[unroll]] for (uint i = 0; i < TOKENS * TILES; i++) {
      vec2 pair = vec2(sums[2 * i], sums[2 * i + 1]);
#ifdef INTEGER
      pair -= (t & 1) == 0 ? vec2(lowest[i], 0.0) : vec2(0.0, lowest[i]);
#endif
      pair = sum_of_four(pair);
      if (t < 2) {
        partial[base + (i * 16 + (lane >> 2) + 8 * t) * K_GROUPS + kGroup] = t == 0 ? pair.x : pair.y;
      }
    }
    barrier();
    const uint results = GATE != 0 ? 1 : TILES;
    for (uint o = thread; o < TOKENS * results * 8; o += THREADS) {
      const uint n = o / (results * 8);
      const uint inGroup = o % (results * 8) * 2;  // row among the group's
      vec4 total = vec4(0.0);                      // two rows, and gated the other matrix's two
      const uint at = base + (n * TILES * 16 + inGroup) * K_GROUPS;
      for (uint k = 0; k < K_GROUPS; k++) {
        total.x += partial[at + k];
        total.y += partial[at + K_GROUPS + k];
        if (GATE != 0) {
          total.z += partial[at + 16 * K_GROUPS + k];
          total.w += partial[at + 17 * K_GROUPS + k];
        }
      }
      if (NORM) {
        float sum = 0.0;
        for (uint i = 0; i < gl_NumSubgroups; i++) {
          sum += squares[n * MOST_SUBGROUPS + i];
        }
        total *= inversesqrt(sum / float(columns) + epsilon);
      }
      write_two(n, group * results * 16 + inGroup, total.xy, total.zw);
    }
    parity ^= 1;
  }
}
