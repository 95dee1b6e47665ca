#version 460
// Many tokens with cooperative matrices: each lane unpacks its own part of the weights straight into
// its part of a 16 x 16 matrix fragment; activations, float16, pass through shared memory.
//
// A workgroup of ROW_GROUPS x K_GROUPS subgroups computes ROW_TILES * ROW_GROUPS * 16 rows x TOKENS
// tokens. Its k groups share the columns, 64 each a turn; their sums meet in shared memory. With
// several workgroups along y each takes a part of the columns, leaves its sums in scratch memory,
// and the last to finish adds them up, in the order of the parts. So results do not depend on who
// was last.
//
// Gated, even row tiles of a subgroup are the gate's and odd ones the other matrix's.
//
// A norm may be carried from the product before to the product behind it, see carried_norm.glsl.
//
// ORDER says which pair of elements (see tile.glsl) a fragment's i-th pair is, two bits each.
#pragma use_vulkan_memory_model
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int32 : require
#define HALVES
#include "matrix.glsl"
#include "carried_norm.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROW_TILES = 1;
layout(constant_id = 2) const uint ROW_GROUPS = 8;
layout(constant_id = 3) const uint K_GROUPS = 2;
layout(constant_id = 4) const uint AHEAD = 2;    // turns loaded ahead: 2 or 4
layout(constant_id = 5) const uint TOKENS = 32;  // a multiple of WIDTH
layout(constant_id = 6) const uint WIDTH = 16;   // tokens of a fragment: 8 or 16
layout(constant_id = 7) const uint ORDER = 0xD8; // pairs 0, 2, 1, 3
layout(constant_id = 8) const uint NORM = 0;     // carried: 1: taken, 2: left behind

const uint THREADS = 32 * ROW_GROUPS * K_GROUPS;
const uint DEPTH = 64 * K_GROUPS;                    // columns a turn
const uint STRIDE = DEPTH / 8 + 1;                   // vectors a token, one unused against bank conflicts
const uint INPUTS = TOKENS * DEPTH / 8;              // vectors a turn
const uint INPUTS_EACH = (INPUTS + THREADS - 1) / THREADS;
const uint ROWS = 16 * ROW_TILES * ROW_GROUPS;
const uint PANEL = WIDTH * ROWS / 4;                 // vectors of results of one fragment's tokens
const uint WIDE = TOKENS / WIDTH;
const uint STAGE = TOKENS * STRIDE;
const uint SHARED = 2 * STAGE > K_GROUPS * PANEL ? 2 * STAGE : K_GROUPS * PANEL;

shared uvec4 staged[SHARED];
shared uint arrived;
shared float factors[TOKENS];

#define FRAGMENT_A coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA>
#define FRAGMENT_B coopmat<float16_t, gl_ScopeSubgroup, 16, WIDTH, gl_MatrixUseB>
#define FRAGMENT_C coopmat<float, gl_ScopeSubgroup, 16, WIDTH, gl_MatrixUseAccumulator>

layout(buffer_reference, std430, buffer_reference_align = 16) PASSED buffer Sums { vec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer FloatVectors {
  vec4 v[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) PASSED buffer PassedFloatVectors {
  vec4 v[];
};
layout(buffer_reference, std430, buffer_reference_align = 8) PASSED buffer PassedWordPairs {
  uvec2 v[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Counters { uint v[]; };

// What is left to multiply a norm's input with, for each token of the workgroup. A token's sums of
// squares are added by as many lanes as it has vectors of them, 32 at most.
void take_norm(uint thread, uint firstToken) {
  const uint vectors = (carriedParts + 3) / 4;
  uint lanes = 1;
  while (lanes < vectors && lanes < 32) {
    lanes *= 2;
  }
  for (uint item = thread; item < TOKENS * lanes; item += THREADS) {
    const uint token = min(firstToken + item / lanes, tokens - 1);
    const uint at = (CARRIED_SQUARES + token * CARRIED_PARTS) / 4;
    vec4 found[CARRIED_PARTS / 128];
    [[unroll]] for (uint n = 0; n < CARRIED_PARTS / 128; n++) {
      const uint vector = item % lanes + 32 * n;
      found[n] = vec4(0.0);
      if (vector < vectors) {
        found[n] = PassedFloatVectors(carried).v[at + vector];
      }
    }
    float squares = 0.0;
    [[unroll]] for (uint n = 0; n < CARRIED_PARTS / 128; n++) {
      const uvec4 part = uvec4(0, 1, 2, 3) + 4 * (item % lanes + 32 * n);
      squares += dot(mix(vec4(0.0), found[n], lessThan(part, uvec4(carriedParts))), vec4(1.0));
    }
    for (uint mask = 1; mask < lanes; mask *= 2) {
      squares += subgroupShuffleXor(squares, mask);
    }
    if (item % lanes == 0) {
      const uint side = carriedSide & 1;
      const float scale = inversesqrt(squares / float(columns) + epsilon);
      factors[item / lanes] = scale / PassedFloats(carried).v[side * CARRIED_TOKENS + token];
      if (carriedSide > 1 && gl_WorkGroupID.x == firstToken / TOKENS && gl_WorkGroupID.y == 0) {
        PassedFloats(carried).v[(1 - side) * CARRIED_TOKENS + token] = scale * CARRIED_SHARE;
      }
    }
  }
}

// Four rows of a token, and the norm's input that comes of them. A token's rows in this
// workgroup are neighbouring lanes'.
void leave_four(uint token, uint row, vec4 value) {
  const bool there = token < tokens && row < rows;
  float squares = 0.0;
  if (there) {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      value[i] = finished(token, row + i, value[i]);
    }
    squares = dot(value, value);
    PassedFloatVectors(outputs).v[(token * outputStride + row) / 4] = value;
    const float scale = PassedFloats(carried).v[(carriedSide & 1) * CARRIED_TOKENS + token];
    const vec4 weight = FloatVectors(norm).v[row / 4];
    const vec4 input_ = clamp(value * scale * weight, vec4(-65504.0), vec4(65504.0));
    PassedWordPairs(upWeights).v[(token * outputStride + row) / 4] =
        uvec2(packFloat2x16(f16vec2(input_.xy)), packFloat2x16(f16vec2(input_.zw)));
  }
  [[unroll]] for (uint mask = 1; mask < ROWS / 4; mask *= 2) {
    squares += subgroupShuffleXor(squares, mask);
  }
  if (there && row % ROWS == 0) {
    PassedFloats(carried).v[CARRIED_SQUARES + token * CARRIED_PARTS + row / ROWS] = squares;
  }
}

// Four rows of a token, gated with the four of the other matrix.
void write_four(uint token, uint row, vec4 value, vec4 up) {
  if (NORM == 2) {
    leave_four(token, row, value);
    return;
  }
  write_two(token, row, value.xy, up.xy);
  write_two(token, row + 2, value.zw, up.zw);
}

// Result `o` of a panel: which token of the panel, which vector of rows, and the first of its rows.
const uint ROW_VECTORS = GATE != 0 ? ROWS / 8 : ROWS / 4;
uint panel_token(uint o) {
  return o / ROW_VECTORS;
}
uint panel_vector(uint o) {
  const uint v = o % ROW_VECTORS;
  return GATE != 0 ? v / 4 * 8 + v % 4 : v;
}

void main() {
  const uint thread = gl_SubgroupID * 32 + gl_SubgroupInvocationID;
  const uint lane = gl_SubgroupInvocationID;
  const uint rowGroup = gl_SubgroupID % ROW_GROUPS;
  const uint kGroup = gl_SubgroupID / ROW_GROUPS;
  const uint columnTiles = (columns + 63) / 64;
  const uint rowTiles = (rows + 15) / 16;
  const uint tokenTiles = (tokens + TOKENS - 1) / TOKENS;
  const uint firstToken = gl_WorkGroupID.x % tokenTiles * TOKENS;
  const uint rowTilesEach = ROW_TILES * ROW_GROUPS / (GATE != 0 ? 2 : 1);
  const uint firstRowTile = gl_WorkGroupID.x / tokenTiles * rowTilesEach;
  const uint turns = (columnTiles + K_GROUPS - 1) / K_GROUPS;
  const uint from = gl_WorkGroupID.y * chunksASplit;
  const uint to = min(from + chunksASplit, turns);
  const Weights first = weights_at(weights, rowTiles, columnTiles);
  const Weights second = GATE != 0 ? weights_at(upWeights, rowTiles, columnTiles) : first;

#define LOAD_WEIGHTS(i, turn) \
  { \
    const uint column = min((turn) * K_GROUPS + kGroup, columnTiles - 1); \
    [[unroll]] for (uint r = 0; r < ROW_TILES; r++) { \
      if (GATE != 0) { \
        const uint rowTile = \
            min(firstRowTile + rowGroup * (ROW_TILES / 2) + r / 2, rowTiles - 1); \
        if ((r & 1) == 0) { \
          ahead[(i) * ROW_TILES + r] = tile_load(first, rowTile * columnTiles + column, lane); \
        } else { \
          ahead[(i) * ROW_TILES + r] = tile_load(second, rowTile * columnTiles + column, lane); \
        } \
      } else { \
        const uint rowTile = min(firstRowTile + rowGroup * ROW_TILES + r, rowTiles - 1); \
        ahead[(i) * ROW_TILES + r] = tile_load(first, rowTile * columnTiles + column, lane); \
      } \
    } \
  }

// Zero beyond the last column and the last turn, so that what weights there are beyond them does not
// count.
#define LOAD_INPUTS(turn) \
  [[unroll]] for (uint n = 0; n < INPUTS_EACH; n++) { \
    const uint item = thread + n * THREADS; \
    const uint column = (turn) * DEPTH + item % (DEPTH / 8) * 8; \
    const uint token = min(firstToken + item / (DEPTH / 8), tokens - 1); \
    loaded[n] = uvec4(0); \
    if (column < columns && item < INPUTS && (turn) < to) { \
      loaded[n] = PassedVectors(inputs).v[(token * inputStride + column) / 8]; \
    } \
  }

// Its counter must not be named as the one that `half` may speak of.
#define STAGE_INPUTS(half) \
  [[unroll]] for (uint n = 0; n < INPUTS_EACH; n++) { \
    const uint item = thread + n * THREADS; \
    if (item < INPUTS) { \
      staged[(half) * STAGE + item / (DEPTH / 8) * STRIDE + item % (DEPTH / 8)] = loaded[n]; \
    } \
  }

// A tile's part of a step, as this lane's part of a fragment.
#define UNPACK(tile, step) \
  [[unroll]] for (uint p = 0; p < 4; p++) { \
    const f16vec2 pair = tile_pair(tile, step, (ORDER >> (2 * p)) & 3); \
    weightsA[2 * p] = pair.x; \
    weightsA[2 * p + 1] = pair.y; \
  }

// One turn. Written out for each `i`, because drivers leave `ahead` in slow local memory where they
// don't unroll the loop around a barrier.
#define TURN(i) \
  { \
    const uint turn = base + i; \
    LOAD_INPUTS(turn + 1) \
    Tile b[ROW_TILES]; \
    [[unroll]] for (uint r = 0; r < ROW_TILES; r++) { \
      b[r] = ahead[(i) * ROW_TILES + r]; \
    } \
    LOAD_WEIGHTS(i, min(turn + AHEAD, to - 1)) \
    [[unroll]] for (uint step = 0; step < 4; step++) { \
      FRAGMENT_B inputsB[WIDE]; \
      [[unroll]] for (uint j = 0; j < WIDE; j++) { \
        coopMatLoad(inputsB[j], staged, \
            ((i) & 1) * STAGE + j * WIDTH * STRIDE + kGroup * 8 + step * 2, STRIDE, \
            gl_CooperativeMatrixLayoutColumnMajor); \
      } \
      [[unroll]] for (uint r = 0; r < ROW_TILES; r++) { \
        FRAGMENT_A weightsA; \
        UNPACK(b[r], step) \
        [[unroll]] for (uint j = 0; j < WIDE; j++) { \
          sums[r * WIDE + j] = coopMatMulAdd(weightsA, inputsB[j], sums[r * WIDE + j]); \
        } \
      } \
    } \
    STAGE_INPUTS(((i) + 1) & 1) \
    barrier(); \
  }

  Tile ahead[AHEAD * ROW_TILES];
  uvec4 loaded[INPUTS_EACH];
  FRAGMENT_C sums[ROW_TILES * WIDE];
  [[unroll]] for (uint i = 0; i < ROW_TILES * WIDE; i++) {
    sums[i] = FRAGMENT_C(0.0);
  }
  LOAD_WEIGHTS(0, from)
  LOAD_WEIGHTS(1, min(from + 1, to - 1))
  if (AHEAD > 2) {
    LOAD_WEIGHTS(2, min(from + 2, to - 1))
    LOAD_WEIGHTS(3, min(from + 3, to - 1))
  }
  phase_begin()
  LOAD_INPUTS(from)
  if (NORM == 1) {
    take_norm(thread, firstToken);
  }
  STAGE_INPUTS(0)
  barrier();

  for (uint base = from; base < to; base += AHEAD) {
    TURN(0)
    TURN(1)
    if (AHEAD > 2) {
      TURN(2)
      TURN(3)
    }
  }

  const uint splits = gl_NumWorkGroups.y;
  const uint part = (gl_WorkGroupID.x * splits + gl_WorkGroupID.y) * WIDE * PANEL;
  const uint results = WIDTH * ROW_VECTORS;
  // 4096 counters come first, whoever uses them: they are zero between dispatches.
  const uint64_t parts = scratch + 16384ul;
  [[unroll]] for (uint j = 0; j < WIDE; j++) {
    [[unroll]] for (uint r = 0; r < ROW_TILES; r++) {
      coopMatStore(sums[r * WIDE + j], staged, kGroup * PANEL + (rowGroup * ROW_TILES + r) * 4,
          ROWS / 4, gl_CooperativeMatrixLayoutColumnMajor);
    }
    barrier();
    for (uint o = thread; o < results; o += THREADS) {
      const uint token = panel_token(o);
      const uint at = token * (ROWS / 4) + panel_vector(o);
      vec4 value = vec4(0.0);
      vec4 up = vec4(0.0);
      for (uint k = 0; k < K_GROUPS; k++) {
        value += uintBitsToFloat(staged[k * PANEL + at]);
        if (GATE != 0) {
          up += uintBitsToFloat(staged[k * PANEL + at + 4]);
        }
      }
      if (splits > 1) {
        Sums(parts).v[part + j * PANEL + at] = value;
        if (GATE != 0) {
          Sums(parts).v[part + j * PANEL + at + 4] = up;
        }
      } else {
        const float factor = NORM == 1 ? factors[j * WIDTH + token] : 1.0;
        write_four(firstToken + j * WIDTH + token, firstRowTile * 16 + o % ROW_VECTORS * 4,
            value * factor, up * factor);
      }
    }
    barrier();
  }
  if (splits == 1) {
    phase_end()
    return;
  }

  memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer,
      gl_SemanticsRelease | gl_SemanticsMakeAvailable);
  barrier();
  if (thread == 0) {
    arrived = atomicAdd(Counters(scratch).v[gl_WorkGroupID.x], 1, gl_ScopeDevice,
        gl_StorageSemanticsBuffer,
        gl_SemanticsAcquireRelease | gl_SemanticsMakeAvailable | gl_SemanticsMakeVisible);
  }
  barrier();
  if (arrived + 1 < splits) {
    phase_end()
    return;
  }
  memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer,
      gl_SemanticsAcquire | gl_SemanticsMakeVisible);
  if (thread == 0) {
    // For the next dispatch, which a barrier keeps behind this one.
    Counters(scratch).v[gl_WorkGroupID.x] = 0;
  }
  const uint begin = gl_WorkGroupID.x * splits * WIDE * PANEL;

// Four parts (of eight at most) are asked for together: each takes as long as all.
#define ADD_FOUR_PARTS(from) \
  { \
    vec4 values[4]; \
    vec4 ups[4]; \
    [[unroll]] for (uint s = 0; s < 4; s++) { \
      const uint from_ = at + min((from) + s, splits - 1) * WIDE * PANEL; \
      values[s] = Sums(parts).v[from_]; \
      ups[s] = GATE != 0 ? Sums(parts).v[from_ + 4] : vec4(0.0); \
    } \
    [[unroll]] for (uint s = 0; s < 4; s++) { \
      value += (from) + s < splits ? values[s] : vec4(0.0); \
      up += (from) + s < splits ? ups[s] : vec4(0.0); \
    } \
  }

  for (uint o = thread; o < WIDE * results; o += THREADS) {
    const uint j = o / results;
    const uint inPanel = o % results;
    const uint token = panel_token(inPanel);
    const uint at = begin + j * PANEL + token * (ROWS / 4) + panel_vector(inPanel);
    vec4 value = vec4(0.0);
    vec4 up = vec4(0.0);
    ADD_FOUR_PARTS(0)
    if (splits > 4) {
      ADD_FOUR_PARTS(4)
    }
    const float factor = NORM == 1 ? factors[j * WIDTH + token] : 1.0;
    write_four(firstToken + j * WIDTH + token, firstRowTile * 16 + inPanel % ROW_VECTORS * 4,
        value * factor, up * factor);
  }
  phase_end()
}
