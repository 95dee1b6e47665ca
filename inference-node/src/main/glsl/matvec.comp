#version 460
// Few tokens (1 to 4): each lane loads codes for its 2 x 16 numbers of a tile, many tiles ahead, and
// multiplies them with the tokens' activations, which lie in shared memory: as numbers of one or
// two bytes with a scale for 32 columns (INTEGER), or as float32.
//
// Activations that come packed (pack.glsl) are staged as they are. PACK leaves the results packed,
// for the next product, by 32 rows: a workgroup with 16 at a time takes two neighbours in turn.
//
// A workgroup owns TILES rows of tiles at a time (gated: half of them the gate's, every second one
// the other matrix's); its K_GROUPS groups of 32 lanes share the columns.
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
#include "number_bytes.glsl"
#define LARGE_SUMS TWO_BYTES
#include "matrix.glsl"
#include "pack.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint K_GROUPS = 8;
layout(constant_id = 2) const uint TILES = 1;
layout(constant_id = 3) const uint AHEAD = 4;        // tiles loaded ahead, side by side
layout(constant_id = 4) const uint TOKENS = 1;
layout(constant_id = 5) const uint CHUNK = 64;       // tiles of columns staged at a time
layout(constant_id = 6) const uint CHUNKS = 1;
layout(constant_id = 7) const bool NORM = false;
layout(constant_id = 8) const bool PACKED = false;
layout(constant_id = 9) const uint PACK = 0;         // 1: packed instead of written, 2: packed too,
                                                     // times the weights `norm`

const uint ROW_TILES = GATE != 0 ? TILES / 2 : TILES;  // of results
const bool PAIRED = PACK != 0 && ROW_TILES == 1;
const uint THREADS = 32 * K_GROUPS;
const uint MOST_SUBGROUPS = THREADS / 4;

#ifdef INTEGER
const uint NUMBER_BYTES = TWO_BYTES ? 2 : 1;
shared uvec4 stagedCodes[TOKENS * NUMBER_BYTES * CHUNK * 4];  // [token][high, low][tile][t], a word a step
shared vec2 stagedScales[TOKENS * CHUNK];
shared vec2 stagedSums[TOKENS * CHUNK * 2];
#else
shared vec4 staged[TOKENS * CHUNK * 16];  // [token][tile][step][t]
#endif
shared float partial[2 * TOKENS * TILES * 16 * K_GROUPS];
shared vec2 kept[PAIRED ? TOKENS * 16 : 1];  // results of two rows of tiles
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
  return column < columns ? PassedFloats(inputs).v[token * inputStride + column] : 0.0;
}

// Columns `column` (even) and the next.
vec2 input_two(uint token, uint column) {
  const uint at = token * inputStride + column;
  return column + 1 < columns && (inputStride & 1) == 0
      ? PassedFloatPairs(inputs).v[at >> 1]
      : vec2(input_at(token, column), input_at(token, column + 1));
}

vec2 norm_two(uint column) {
  return column + 1 < columns
      ? FloatPairs(norm).v[column >> 1]
      : vec2(column < columns ? Floats(norm).v[column] : 0.0, 0.0);
}

#ifdef INTEGER
float largest(vec4 v) {
  v = abs(v);
  return max(max(v.x, v.y), max(v.z, v.w));
}

// Stages `CHUNK` tiles of packed columns; the last invocations add up squares.
void stage_packed(uint chunk, bool countSquares, inout float squared[TOKENS]) {
  const uint tiles = (columns + 63) / 64;
  [[unroll]] for (uint n = 0; n < TOKENS; n++) {
    const uint64_t row = inputs + uint64_t(min(n, tokens - 1) * tiles * PACKED_TILE_WORDS * 4);
    for (uint i = thread; i < NUMBER_BYTES * CHUNK * 4; i += THREADS) {
      const uint at = chunk * CHUNK * 4 + i % (CHUNK * 4);
      const uint low = i / (CHUNK * 4);
      stagedCodes[n * NUMBER_BYTES * CHUNK * 4 + i] =
          at < tiles * 4 ? PassedVectors(row).v[low * tiles * 4 + at] : uvec4(0);
    }
    for (uint i = thread; i < CHUNK * 3; i += THREADS) {
      // One pair of scales and two of sums for each tile.
      const bool isScale = i < CHUNK;
      const uint at = isScale ? chunk * CHUNK + i : chunk * CHUNK * 2 + i - CHUNK;
      const bool there = at < (isScale ? tiles : tiles * 2);
      const vec2 two = there
          ? PassedFloatPairs(row + uint64_t(
                isScale ? tiles * (4 * PACKED_SCALES) : tiles * (4 * PACKED_SUMS))).v[at]
          : vec2(0.0);
      if (isScale) {
        stagedScales[n * CHUNK + i] = two;
      } else {
        stagedSums[n * CHUNK * 2 + i - CHUNK] = two;
      }
    }
    if (NORM && countSquares) {
      for (uint i = THREADS - 1 - thread; i < columns / 32; i += THREADS) {
        squared[n] += PassedFloats(row + uint64_t(tiles * (4 * PACKED_SQUARES))).v[i];
      }
    }
  }
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
      const vec2 scale = most / PACKED_MOST;
      const vec2 inverse = vec2(
          most.x > 0.0 ? PACKED_MOST / most.x : 0.0, most.y > 0.0 ? PACKED_MOST / most.y : 0.0);
      uvec4 high;
      uvec4 low;
      ivec4 sums;
      [[unroll]] for (uint step = 0; step < 4; step++) {
        const ivec4 q = ivec4(clamp(
            roundEven(x[step] * inverse[step >> 1]), vec4(-PACKED_MOST), vec4(PACKED_MOST)));
        high[step] = packed_bytes(packed_high(q));
        if (TWO_BYTES) {
          low[step] = packed_bytes(packed_low(q));
        }
        sums[step] = q.x + q.y + q.z + q.w;
      }
      sums = sum_of_four(sums);
      if (stored) {
        const uint at = n * CHUNK + tile;
        stagedCodes[(n * NUMBER_BYTES * CHUNK + tile) * 4 + t] = high;
        if (TWO_BYTES) {
          stagedCodes[((n * NUMBER_BYTES + 1) * CHUNK + tile) * 4 + t] = low;
        }
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

// Packs a token's results of rows `row` and `row + 1`, sixteen neighbours those of 32 rows.
void pack_results(uint token, uint row, vec2 value) {
  const uint tiles = (rows + 63) / 64;
  pack_two(PackedWords(scratch + uint64_t(token * tiles * PACKED_TILE_WORDS * 4)), tiles, row, value,
      PACK == 2 ? value * FloatPairs(norm).v[row >> 1] : value);
}

// The rows of tiles that a workgroup takes after these.
uint after(uint group) {
  return PAIRED && (group & 1) == 0
      ? group + 1
      : group + (PAIRED ? 2 * gl_NumWorkGroups.x - 1 : gl_NumWorkGroups.x);
}

void main() {
  // Neighbours by construction, whatever the subgroup size: the exchanges among four rely on it.
  thread = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  const uint lane = thread & 31;
  const uint t = lane & 3;
  const uint kGroup = thread >> 5;
  const uint columnTiles = (columns + 63) / 64;
  const uint rowTiles = (rows + 15) / 16;
  const uint groups = (rowTiles + ROW_TILES - 1) / ROW_TILES;
  const uint firstGroup = PAIRED ? 2 * gl_WorkGroupID.x : gl_WorkGroupID.x;
  const uint runs = (CHUNK + K_GROUPS * AHEAD - 1) / (K_GROUPS * AHEAD);
  const Weights first = weights_at(weights, rowTiles, columnTiles);
  const Weights second = GATE != 0 ? weights_at(upWeights, rowTiles, columnTiles) : first;

#define TILE_OF(run, i) (((run) * K_GROUPS + kGroup) * AHEAD + (i))
#define LOAD(i, group, chunk, run) \
  { \
    const uint column = min((chunk) * CHUNK + TILE_OF(run, i), columnTiles - 1); \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      const uint rowTile = \
          min((group) * ROW_TILES + (GATE != 0 ? r / 2 : r), rowTiles - 1); \
      if (GATE != 0 && (r & 1) == 1) { \
        ahead[(i) * TILES + r] = tile_load(second, rowTile * columnTiles + column, lane); \
      } else { \
        ahead[(i) * TILES + r] = tile_load(first, rowTile * columnTiles + column, lane); \
      } \
    } \
  }

#ifdef INTEGER
#define MULTIPLY(n, tile) \
  { \
    const uint at = (n) * CHUNK + (tile); \
    const uvec4 high = stagedCodes[((n) * NUMBER_BYTES * CHUNK + (tile)) * 4 + t]; \
    uvec4 low = uvec4(0); \
    if (TWO_BYTES) { \
      low = stagedCodes[(((n) * NUMBER_BYTES + 1) * CHUNK + (tile)) * 4 + t]; \
    } \
    const vec2 scale = stagedScales[at]; \
    const vec2 blockSums = stagedSums[at * 2 + (t >> 1)]; \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      [[unroll]] for (uint row = 0; row < 2; row++) { \
        ivec4 highs = ivec4(0); \
        ivec4 lows = ivec4(0); \
        [[unroll]] for (uint step = 0; step < 4; step++) { \
          const uint to = STEPS_A_SCALE == 2 ? step & 2 : step; \
          const int codes = int(tile_codes(b[r], row, step)); \
          highs[to] = dotPacked4x8AccSatEXT(codes, int(high[step]), highs[to]); \
          if (TWO_BYTES) { \
            lows[to] = dotPacked4x8AccSatEXT(codes, int(low[step]), lows[to]); \
          } \
        } \
        sums[2 * ((n) * TILES + r) + row] += \
            tile_dot(b[r], row, TWO_BYTES ? 256 * highs + lows : highs, scale); \
      } \
      lowest[(n) * TILES + r] += tile_lowest(b[r], t, blockSums); \
    } \
  }
#else
#define MULTIPLY(n, tile) \
  [[unroll]] for (uint step = 0; step < 4; step++) { \
    const vec4 x = staged[((n) * CHUNK + (tile)) * 16 + step * 4 + t]; \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      [[unroll]] for (uint row = 0; row < 2; row++) { \
        sums[2 * ((n) * TILES + r) + row] += dot(tile_weights(b[r], row, step), x); \
      } \
    } \
  }
#endif

#ifdef INTEGER
// Squares of packed rows are counted once, with whichever chunk.
#define STAGE_INPUTS(chunk, first) \
  if (PACKED) { \
    stage_packed(chunk, first && (chunk) == 0, squared); \
  } else { \
    stage(chunk, first, squared); \
  }
#else
#define STAGE_INPUTS(chunk, first) stage(chunk, first, squared);
#endif

// `first`: for the first rows, which alone count squares.
#define STAGE(chunk, first) \
  STAGE_INPUTS(chunk, (first)) \
  if (NORM && (first) && (chunk) + 1 == CHUNKS) { \
    [[unroll]] for (uint n = 0; n < TOKENS; n++) { \
      const float all = subgroupAdd(squared[n]); \
      if (gl_SubgroupInvocationID == 0) { \
        squares[n * MOST_SUBGROUPS + gl_SubgroupID] = all; \
      } \
    } \
  } \
  barrier();

// One tile of those loaded ahead. Written out for each `i`, because drivers leave `ahead` in slow
// local memory where they do not unroll the loop.
#define TURN(i) \
  { \
    Tile b[TILES]; \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      b[r] = ahead[(i) * TILES + r]; \
    } \
    if (nextGroup < groups) { \
      LOAD(i, nextGroup, nextChunk, nextRun) \
    } \
    const uint tile = TILE_OF(run, i); \
    if (tile < CHUNK && chunk * CHUNK + tile < columnTiles) { \
      [[unroll]] for (uint n = 0; n < TOKENS; n++) { \
        MULTIPLY(n, tile) \
      } \
    } \
  }

  Tile ahead[AHEAD * TILES];
  LOAD(0, firstGroup, 0, 0)
  if (AHEAD > 1) {
    LOAD(1, firstGroup, 0, 0)
  }
  if (AHEAD > 2) {
    LOAD(2, firstGroup, 0, 0)
    LOAD(3, firstGroup, 0, 0)
  }
  float squared[TOKENS];
  [[unroll]] for (uint n = 0; n < TOKENS; n++) {
    squared[n] = 0.0;
  }
  uint parity = 0;
  phase_begin()
  // All columns at once are staged here and not under a condition in the loop, for the same reason.
  if (CHUNKS == 1) {
    STAGE(0, true)
  }

  for (uint group = firstGroup; group < groups; group = after(group)) {
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
    for (uint chunk = 0; chunk < CHUNKS; chunk++) {
      if (CHUNKS > 1) {
        barrier();
        STAGE(chunk, group == firstGroup)
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
            nextGroup = after(group);
          }
        }
        TURN(0)
        if (AHEAD > 1) {
          TURN(1)
        }
        if (AHEAD > 2) {
          TURN(2)
          TURN(3)
        }
      }
    }

    // [parity][k group][token][tile][row]: neighbours in neighbouring banks
    const uint base = parity * TOKENS * TILES * 16 * K_GROUPS;
    [[unroll]] for (uint i = 0; i < TOKENS * TILES; i++) {
      vec2 pair = vec2(sums[2 * i], sums[2 * i + 1]);
#ifdef INTEGER
      pair -= (t & 1) == 0 ? vec2(lowest[i], 0.0) : vec2(0.0, lowest[i]);
#endif
      pair = sum_of_four(pair);
      if (t < 2) {
        partial[base + (kGroup * TOKENS * TILES + i) * 16 + (lane >> 2) + 8 * t] =
            t == 0 ? pair.x : pair.y;
      }
    }
    barrier();
    for (uint o = thread; o < TOKENS * ROW_TILES * 8; o += THREADS) {
      const uint n = o / (ROW_TILES * 8);
      const uint inGroup = o % (ROW_TILES * 8) * 2;  // row among the group's
      vec4 total = vec4(0.0);                        // two rows, and gated the other matrix's two
      const uint tileOf = GATE != 0 ? inGroup / 16 * 2 : inGroup / 16;
      const uint first = base + (n * TILES + tileOf) * 16 + inGroup % 16;
      [[unroll]] for (uint k = 0; k < K_GROUPS; k++) {
        const uint at = first + k * TOKENS * TILES * 16;
        total.x += partial[at];
        total.y += partial[at + 1];
        if (GATE != 0) {
          total.z += partial[at + 16];
          total.w += partial[at + 17];
        }
      }
      if (NORM) {
        float sum = 0.0;
        for (uint i = 0; i < gl_NumSubgroups; i++) {
          sum += squares[n * MOST_SUBGROUPS + i];
        }
        total *= inversesqrt(sum / float(columns) + epsilon);
      }
      const uint row = group * ROW_TILES * 16 + inGroup;
      if (PACK == 0) {
        write_two(n, row, total.xy, total.zw);
      } else {
        const vec2 value = finished_two(n, row, total.xy, total.zw);
        if (PACK == 2) {
          PassedFloatPairs(outputs).v[(n * outputStride + row) >> 1] = value;
        }
        if (PAIRED) {
          kept[n * 16 + (group & 1) * 8 + inGroup / 2] = value;
        } else {
          pack_results(n, row, value);
        }
      }
    }
    if (PAIRED) {
      barrier();
      for (uint o = thread; (group & 1) == 1 && o < TOKENS * 16; o += THREADS) {
        pack_results(o / 16, (group - 1) * 16 + o % 16 * 2, kept[o]);
      }
    }
    parity ^= 1;
  }
  phase_end()
}
