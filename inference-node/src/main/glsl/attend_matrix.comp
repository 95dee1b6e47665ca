#version 460
// As attend_tile.comp, on cooperative matrices of 16 x 16 x 16 and subgroups of 32: a subgroup owns
// 16 rows; their queries and sums stay in fragments, scores take a way through shared memory, where
// two lanes own a row's softmax. Which row an element of a fragment belongs to is the driver's
// business; a fragment loaded with row numbers tells.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#define FLOAT16 1
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_SIZE = 128;  // a multiple of 16
layout(constant_id = 2) const uint KV_HEADS = 8;
layout(constant_id = 3) const uint GROUP = 4;
layout(constant_id = 4) const uint PAGE = 32;
layout(constant_id = 5) const uint HALF = 1;
layout(constant_id = 6) const uint KV8 = 0;          // keys and values as bytes

#include "kv.glsl"

layout(push_constant) uniform Push {
  Word4s queries;      // [token][KV_HEADS * GROUP][HEAD_SIZE] halves, scaled
  Words result;        // [token][resultStride]
  Word4s pages;        // of this layer: [page][key, value][KV_HEADS][PAGE] rows
  Word4s tiles;        // (first token, tokens, first position, first page in `tables`)
  Words tables;
  uint resultStride;
  uint window;         // 0: all
};

const uint BLOCK = 32u;
const uint SUBGROUPS = gl_WorkGroupSize.x / 32u;
const uint ROWS = SUBGROUPS * 16u;
const uint EIGHTS = HEAD_SIZE / 8u;
const uint STEPS = HEAD_SIZE / 16u;
const uint PITCH = EIGHTS + 1u;                      // one more than is used: no bank conflicts
const uint SCORE_PITCH = BLOCK / 4u + 1u;
const uint WEIGHT_PITCH = BLOCK / 8u + 1u;
const float NOTHING = -1e30;
const float LOG2_E = 1.4426950408889634;

// Keys, then values; before the first block, the queries of all rows.
const uint BOTH = 2u * BLOCK * PITCH;
shared uvec4 room[BOTH > ROWS * PITCH ? BOTH : ROWS * PITCH];
shared uvec4 scratch[SUBGROUPS * 16u * SCORE_PITCH];
shared float fades[ROWS];

#define FRAGMENT(type, use) coopmat<type, gl_ScopeSubgroup, 16, 16, use>

void fence() {
  controlBarrier(
      gl_ScopeSubgroup,
      gl_ScopeSubgroup,
      gl_StorageSemanticsShared,
      gl_SemanticsAcquireRelease);
}

void load(uint start, uint end, uint table, uint kvHead, uint t) {
  for (uint i = t; i < BLOCK * EIGHTS; i += gl_WorkGroupSize.x) {
    uint k = start + i / EIGHTS;
    uvec4 key = uvec4(0u);
    uvec4 value = uvec4(0u);
    if (k < end) {
      uint page = tables.v[table + k / PAGE];
      uint row = (page * 2u * KV_HEADS + kvHead) * PAGE + k % PAGE;
      key = kvRead(pages, row, i % EIGHTS);
      value = kvRead(pages, row + KV_HEADS * PAGE, i % EIGHTS);
    }
    uint at = i / EIGHTS * PITCH + i % EIGHTS;
    room[at] = key;
    room[BLOCK * PITCH + at] = value;
  }
}

void main() {
  uint lane = gl_SubgroupInvocationID;
  uint subgroup = gl_SubgroupID;
  uint t = subgroup * 32u + lane;
  uvec4 tile = tiles.v[gl_WorkGroupID.x];
  uint kvHead = gl_WorkGroupID.y;
  uint firstToken = tile.x;
  uint tokens = tile.y;
  if (tokens == 0u) {
    return;
  }
  uint table = tile.w;
  for (uint i = t; i < ROWS * EIGHTS; i += gl_WorkGroupSize.x) {
    uint r = i / EIGHTS;
    uint token = r / GROUP;
    room[r * PITCH + i % EIGHTS] = token < tokens
        ? queries.v[
            ((firstToken + token) * KV_HEADS * GROUP + kvHead * GROUP + r % GROUP) * EIGHTS
                + i % EIGHTS]
        : uvec4(0u);
  }
  uint own = subgroup * 16u * SCORE_PITCH;
  // Row numbers, to learn whose elements a lane holds.
  [[unroll]] for (uint i = 0u; i < 2u; i++) {
    scratch[own + (lane / 2u) * SCORE_PITCH + (lane % 2u) * 2u + i] =
        uvec4(floatBitsToUint(float(lane / 2u)));
  }
  barrier();
  FRAGMENT(float, gl_MatrixUseAccumulator) numbers;
  coopMatLoad(numbers, scratch, own, SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
  FRAGMENT(float16_t, gl_MatrixUseA) query[STEPS];
  FRAGMENT(float, gl_MatrixUseAccumulator) sums[STEPS];
  [[unroll]] for (uint s = 0u; s < STEPS; s++) {
    coopMatLoad(
        query[s],
        room,
        subgroup * 16u * PITCH + s * 2u,
        PITCH,
        gl_CooperativeMatrixLayoutRowMajor);
    sums[s] = FRAGMENT(float, gl_MatrixUseAccumulator)(0.0);
  }

  uint row = subgroup * 16u + lane / 2u;
  uint side = lane % 2u;
  uint position = tile.z + min(row / GROUP, tokens - 1u);
  uint subgroupLast = tile.z + min((subgroup * 16u + 15u) / GROUP, tokens - 1u);
  bool working = subgroup * 16u < tokens * GROUP;
  uint end = tile.z + tokens;
  uint begin = window == 0u || tile.z < window ? 0u : tile.z - window + 1u;
  uint seenFrom = window == 0u || position < window ? 0u : position - window + 1u;
  float most = NOTHING;
  float weight = 0.0;

  for (uint start = begin / BLOCK * BLOCK; start < end; start += BLOCK) {
    barrier();
    load(start, end, table, kvHead, t);
    barrier();
    if (!working || start > subgroupLast) {
      continue;
    }
    [[unroll]] for (uint b = 0u; b < BLOCK / 16u; b++) {
      FRAGMENT(float, gl_MatrixUseAccumulator) products =
          FRAGMENT(float, gl_MatrixUseAccumulator)(0.0);
      [[unroll]] for (uint s = 0u; s < STEPS; s++) {
        FRAGMENT(float16_t, gl_MatrixUseB) key;
        coopMatLoad(
            key, room, b * 16u * PITCH + s * 2u, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
        products = coopMatMulAdd(query[s], key, products);
      }
      coopMatStore(
          products, scratch, own + b * 4u, SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    fence();
    vec4 scores[BLOCK / 8u];
    float high = most;
    [[unroll]] for (uint i = 0u; i < BLOCK / 8u; i++) {
      uint column = (2u * i + side) * 4u;
      vec4 four = uintBitsToFloat(scratch[own + (lane / 2u) * SCORE_PITCH + 2u * i + side]);
      [[unroll]] for (uint j = 0u; j < 4u; j++) {
        uint k = start + column + j;
        four[j] = k <= position && k >= seenFrom ? four[j] * LOG2_E : 2.0 * NOTHING;
        high = max(high, four[j]);
      }
      scores[i] = four;
    }
    high = max(high, subgroupShuffleXor(high, 1u));
    float faded = exp2(most - high);
    most = high;
    weight *= faded;
    if (side == 0u) {
      fades[row] = faded;
    }
    fence(); // scores are read; weights go where they stood
    [[unroll]] for (uint i = 0u; i < BLOCK / 8u; i++) {
      vec4 four = exp2(scores[i] - high);
      weight += four.x + four.y + four.z + four.w;
      uvec2 bits = uvec2(halves(four.x, four.y), halves(four.z, four.w));
      uint at = own + (lane / 2u) * WEIGHT_PITCH + i;
      if (side == 0u) {
        scratch[at].xy = bits;
      } else {
        scratch[at].zw = bits;
      }
    }
    fence();
    FRAGMENT(float16_t, gl_MatrixUseA) weights[BLOCK / 16u];
    [[unroll]] for (uint b = 0u; b < BLOCK / 16u; b++) {
      coopMatLoad(
          weights[b], scratch, own + b * 2u, WEIGHT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    }
    FRAGMENT(float, gl_MatrixUseAccumulator) faint;
    [[unroll]] for (uint i = 0u; i < faint.length(); i++) {
      faint[i] = fades[subgroup * 16u + uint(numbers[i])];
    }
    [[unroll]] for (uint s = 0u; s < STEPS; s++) {
      sums[s] *= faint;
      [[unroll]] for (uint b = 0u; b < BLOCK / 16u; b++) {
        FRAGMENT(float16_t, gl_MatrixUseB) value;
        coopMatLoad(
            value,
            room,
            (BLOCK + b * 16u) * PITCH + s * 2u,
            PITCH,
            gl_CooperativeMatrixLayoutRowMajor);
        sums[s] = coopMatMulAdd(weights[b], value, sums[s]);
      }
    }
    fence(); // weights are read; the next scores may come
  }
  weight += subgroupShuffleXor(weight, 1u);
  if (!working) {
    return;
  }
  uint token = row / GROUP;
  uint at = (firstToken + token) * resultStride + (kvHead * GROUP + row % GROUP) * HEAD_SIZE;
  [[unroll]] for (uint s = 0u; s < STEPS; s++) {
    coopMatStore(sums[s], scratch, own, SCORE_PITCH, gl_CooperativeMatrixLayoutRowMajor);
    fence();
    vec4 a =
        uintBitsToFloat(scratch[own + (lane / 2u) * SCORE_PITCH + 2u * side]) / weight;
    vec4 b =
        uintBitsToFloat(scratch[own + (lane / 2u) * SCORE_PITCH + 2u * side + 1u]) / weight;
    if (token < tokens) {
      uint d = at + s * 16u + side * 8u;
      if (HALF != 0u) {
        Word4s(result).v[d / 8u] = uvec4(
            halves(a.x, a.y), halves(a.z, a.w), halves(b.x, b.y), halves(b.z, b.w));
      } else {
        Word4s(result).v[d / 4u] = floatBitsToUint(a);
        Word4s(result).v[d / 4u + 1u] = floatBitsToUint(b);
      }
    }
    fence();
  }
}
