#version 460
// Attention of tiles of consecutive tokens of one run: a workgroup takes one tile and one key/value
// head; its rows are the tile's tokens times the query heads that share it. Four invocations (a
// quad) own a row: each has every fourth position's score and every fourth 16 bytes of the sums, so
// that a row's softmax needs nothing but its quad.
//
// Positions come in blocks that start at multiples of BLOCK; a block that a row does not see leaves
// its numbers as they are, bit for bit. So a row depends neither on its tile nor on the batch.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_SIZE = 128;
layout(constant_id = 2) const uint KV_HEADS = 8;
layout(constant_id = 3) const uint GROUP = 4;
layout(constant_id = 4) const uint PAGE = 32;
layout(constant_id = 5) const uint BLOCK = 32;   // positions at a time; a multiple of 4
layout(constant_id = 6) const uint HALF = 0;     // out: halves or floats
layout(constant_id = 7) const uint KV8 = 0;      // keys and values as bytes

#include "kv.glsl"

layout(push_constant) uniform Push {
  Word4s queries;      // [token][KV_HEADS * GROUP][width] halves, scaled
  Words result;        // [token][resultStride]
  Word4s pages;        // of this layer: [page][key, value][KV_HEADS][PAGE] rows
  Word4s tiles;        // (first token, tokens, first position, first page in `tables`)
  Words tables;
  uint resultStride;
  uint window;         // 0: all
};

const uint ROWS = gl_WorkGroupSize.x / 4u;
const uint EIGHTS = (HEAD_SIZE + 7u) / 8u;
const uint OWN = (EIGHTS + 3u) / 4u;             // 16 bytes of a row that an invocation sums
const uint SCORES = BLOCK / 4u;
const float NOTHING = -1e30;
const float LOG2_E = 1.4426950408889634;

shared uvec4 queryRows[ROWS * EIGHTS];
shared uvec4 block[BLOCK * EIGHTS];

void load(uint start, uint end, uint table, uint kvHead, uint kind, uint t) {
  for (uint i = t; i < BLOCK * EIGHTS; i += gl_WorkGroupSize.x) {
    uint k = start + i / EIGHTS;
    uvec4 bits = uvec4(0u);
    if (k < end) {
      uint page = tables.v[table + k / PAGE];
      uint row = ((page * 2u + kind) * KV_HEADS + kvHead) * PAGE + k % PAGE;
      bits = kvRead(pages, row, i % EIGHTS);
    }
    block[i] = bits;
  }
}

void main() {
  uint t = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  uvec4 tile = tiles.v[gl_WorkGroupID.x];
  uint kvHead = gl_WorkGroupID.y;
  uint firstToken = tile.x;
  uint tokens = tile.y;
  if (tokens == 0u) {
    return;
  }
  uint table = tile.w;
  uint row = t / 4u;
  uint part = t % 4u;
  for (uint i = t; i < ROWS * EIGHTS; i += gl_WorkGroupSize.x) {
    uint r = i / EIGHTS;
    uint token = r / GROUP;
    queryRows[i] = token < tokens
        ? queries.v[
            ((firstToken + token) * KV_HEADS * GROUP + kvHead * GROUP + r % GROUP) * EIGHTS
                + i % EIGHTS]
        : uvec4(0u);
  }
  uint position = tile.z + min(row / GROUP, tokens - 1u);
  uint end = tile.z + tokens;
  uint begin = window == 0u || tile.z < window ? 0u : tile.z - window + 1u;
  uint seenFrom = window == 0u || position < window ? 0u : position - window + 1u;

  vec4 sums[OWN][2];
  [[unroll]] for (uint e = 0u; e < OWN; e++) {
    sums[e][0] = vec4(0.0);
    sums[e][1] = vec4(0.0);
  }
  float most = NOTHING;
  float weight = 0.0;
  for (uint start = begin / BLOCK * BLOCK; start < end; start += BLOCK) {
    barrier();
    load(start, end, table, kvHead, 0u, t);
    barrier();
    float scores[SCORES];
    [[unroll]] for (uint j = 0u; j < SCORES; j++) {
      scores[j] = 0.0;
    }
    for (uint e = 0u; e < EIGHTS; e++) {
      vec4 qa;
      vec4 qb;
      widen(queryRows[row * EIGHTS + e], qa, qb);
      [[unroll]] for (uint j = 0u; j < SCORES; j++) {
        vec4 a;
        vec4 b;
        widen(block[(j * 4u + part) * EIGHTS + e], a, b);
        scores[j] += dot(a, qa) + dot(b, qb);
      }
    }
    float high = NOTHING;
    [[unroll]] for (uint j = 0u; j < SCORES; j++) {
      uint k = start + j * 4u + part;
      scores[j] = k <= position && k >= seenFrom ? scores[j] * LOG2_E : 2.0 * NOTHING;
      high = max(high, scores[j]);
    }
    high = max(high, subgroupShuffleXor(high, 1u));
    high = max(high, subgroupShuffleXor(high, 2u));
    high = max(high, most);
    float faded = exp2(most - high);
    most = high;
    float own = 0.0;
    [[unroll]] for (uint j = 0u; j < SCORES; j++) {
      scores[j] = exp2(scores[j] - high);
      own += scores[j];
    }
    weight = weight * faded + own;
    [[unroll]] for (uint e = 0u; e < OWN; e++) {
      sums[e][0] *= faded;
      sums[e][1] *= faded;
    }
    barrier();
    load(start, end, table, kvHead, 1u, t);
    barrier();
    [[unroll]] for (uint j = 0u; j < SCORES; j++) {
      [[unroll]] for (uint i = 0u; i < 4u; i++) {
        float score = subgroupShuffle(scores[j], gl_SubgroupInvocationID / 4u * 4u + i);
        [[unroll]] for (uint e = 0u; e < OWN; e++) {
          vec4 a;
          vec4 b;
          widen(block[(j * 4u + i) * EIGHTS + min(e * 4u + part, EIGHTS - 1u)], a, b);
          sums[e][0] += score * a;
          sums[e][1] += score * b;
        }
      }
    }
  }
  weight += subgroupShuffleXor(weight, 1u);
  weight += subgroupShuffleXor(weight, 2u);

  uint token = row / GROUP;
  if (row >= tokens * GROUP) {
    return;
  }
  uint at = (firstToken + token) * resultStride + (kvHead * GROUP + row % GROUP) * HEAD_SIZE;
  [[unroll]] for (uint e = 0u; e < OWN; e++) {
    uint vector = e * 4u + part;
    [[unroll]] for (uint i = 0u; i < 4u; i++) {
      uint d = vector * 8u + 2u * i;
      if (vector < EIGHTS && d < HEAD_SIZE) {
        vec4 four = sums[e][i / 2u];
        vec2 x = (i % 2u == 0u ? four.xy : four.zw) / weight;
        if (HALF != 0u) {
          result.v[(at + d) / 2u] = halves(x.x, x.y);
        } else {
          result.v[at + d] = floatBitsToUint(x.x);
          result.v[at + d + 1u] = floatBitsToUint(x.y);
        }
      }
    }
  }
}
