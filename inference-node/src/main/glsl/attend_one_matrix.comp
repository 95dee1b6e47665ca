#version 460
// Attention of single tokens on cooperative matrices, subgroups of 32: a subgroup is a stream and
// takes every STREAMS-th run of 16 positions. Keys and values go from memory straight into fragments,
// 16 bytes a lane and no way through shared memory:
//
//   scores[key][head] = keys[key][number] x queries[number][head]
//   sums[number][head] += values^T[number][key] x weights[key][head]
//
// A lane with g = lane / 4 and r = lane % 4 holds of a matrix A rows g and g + 8, columns 2r, 2r + 1,
// 2r + 8 and 2r + 9 (FragmentOrder.java). Which number of a head, or which key, a row or a column
// stands for is ours to say, as long as both factors agree (numberColumn, keyColumn, numberRow).
//
// Where the columns of B are at least twice the heads, the second half has what queries and weights
// lose when they are rounded to halves: the tensor cores do it for nothing.
//
// The first run's keys and values are asked for before the phase begins: they are earlier steps'.
#pragma use_vulkan_memory_model
#define VULKAN_MEMORY
#define FLOAT16
#define BLOCK_ACCESS nonprivate
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_SIZE = 128; // a multiple of 64
layout(constant_id = 2) const uint KV_HEADS = 8;
layout(constant_id = 3) const uint GROUP = 4;    // query heads of a key/value head, at most B_WIDTH
layout(constant_id = 4) const uint PAIRS = 64;
layout(constant_id = 5) const uint HALVED = 1;
layout(constant_id = 6) const uint NORMED = 0;
layout(constant_id = 7) const uint PAGE = 32;    // a multiple of 16
layout(constant_id = 8) const uint LANES = 16;
layout(constant_id = 9) const uint VECTORS = 1;
layout(constant_id = 10) const uint HALF = 0;    // out: floats, halves (1), or packed (2)
layout(constant_id = 11) const uint B_WIDTH = 8; // columns of B: 8 or 16
layout(constant_id = 12) const uint ORDER = 0xE4; // which pair a fragment's i-th is, two bits each
layout(constant_id = 13) const uint KV8 = 0;     // keys and values as bytes
layout(constant_id = 15) const uint SLICE = 64;  // numbers of a head that are merged at a time: of 64

const uint STREAMS = gl_WorkGroupSize.x / 32u;
const uint COLUMNS = B_WIDTH;
vec2 sumAt(uint g, uint stream, uint i);

#include "attend_single.glsl"

const bool SPLIT = 2u * GROUP <= B_WIDTH;        // heads have a second column for what rounding loses
const uint RUN = 16u;
const uint STEP = STREAMS * RUN;
const uint QUARTERS = HEAD_SIZE / 32u;           // of a head: 32 numbers, two fragments of keys
const uint HALVES_ = HEAD_SIZE / 64u;            // of a head: 64 numbers, four fragments of values
const uint EACH = (GROUP + 1u) / 2u;             // heads whose scores a lane weighs
const float SLACK = 8.0;                         // weights reach 2^SLACK before sums are rescaled

// Pitches against bank conflicts, in elements.
const uint QUERY_PITCH = HEAD_SIZE + 8u;
const uint SCORE_PITCH = 20u;
const uint WEIGHT_PITCH = 24u;
shared float16_t queryHalves[B_WIDTH * QUERY_PITCH];
shared float scores[STREAMS * B_WIDTH * SCORE_PITCH];
shared float16_t weightHalves[STREAMS * B_WIDTH * WEIGHT_PITCH];

#define FRAGMENT_A coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA>
#define FRAGMENT_B coopmat<float16_t, gl_ScopeSubgroup, 16, B_WIDTH, gl_MatrixUseB>
#define FRAGMENT_C coopmat<float, gl_ScopeSubgroup, 16, B_WIDTH, gl_MatrixUseAccumulator>

// Of the subgroup. For buffers too, so that what is asked for ahead stays ahead: a driver that is free
// to moves loads down to where they are used, one wait behind the other.
void fence() {
  controlBarrier(
      gl_ScopeSubgroup,
      gl_ScopeSubgroup,
      gl_StorageSemanticsShared | gl_StorageSemanticsBuffer,
      gl_SemanticsAcquireRelease | gl_SemanticsMakeVisible | gl_SemanticsMakeAvailable);
}

// The column in 16 of a lane's j-th element of a row.
uint columnOf(uint r, uint j) {
  return 2u * r + (j < 2u ? j : j + 6u);
}

// Where a number of a head stands in the row of queries: a lane's vector of eight numbers, one of
// four in a quarter, fills its elements of two fragments.
uint numberColumn(uint d) {
  uint fragment = d / 32u * 2u + d % 8u / 4u;
  return fragment * 16u + columnOf(d % 32u / 8u, d % 4u);
}

// Where a key of a run stands in the rows of weights: a lane reads values of four keys on end.
uint keyColumn(uint key) {
  return columnOf(key / 4u, key % 4u);
}

// Where a number of a head stands in the column of sums: a lane's vector of eight numbers, one of
// eight in a half, fills its two rows of four fragments.
uint numberRow(uint d) {
  uint fragment = d / 64u * 4u + d % 8u / 2u;
  return fragment * 16u + d % 64u / 8u + d % 2u * 8u;
}

float sumOf(uint column, uint stream, uint d) {
  return room[(column * STREAMS + stream) * SLICE + numberRow(d) % SLICE];
}

vec2 sumAt(uint g, uint stream, uint i) {
  vec2 x = vec2(sumOf(g, stream, i), sumOf(g, stream, i + 1u));
  if (SPLIT) {
    x += vec2(sumOf(g + GROUP, stream, i), sumOf(g + GROUP, stream, i + 1u));
  }
  return x;
}

// Queries as halves, scaled; columns of nobody are zero.
void placeQueries(uint t) {
  for (uint i = t; i < B_WIDTH * HEAD_SIZE; i += THREADS) {
    uint column = i / HEAD_SIZE;
    uint d = i % HEAD_SIZE;
    uint at = column * QUERY_PITCH + numberColumn(d);
    if (column < GROUP) {
      float x = room[column * WIDTH + d] * (scale * LOG2_E);
      float16_t rounded = float16_t(x);
      queryHalves[at] = rounded;
      if (SPLIT) {
        queryHalves[at + GROUP * QUERY_PITCH] = float16_t(x - float(rounded));
      }
    } else if (!SPLIT || column >= 2u * GROUP) {
      queryHalves[at] = float16_t(0.0);
    }
  }
}

float16_t lowHalf(uint word) {
  return unpackFloat2x16(word).x;
}

float16_t highHalf(uint word) {
  return unpackFloat2x16(word).y;
}

#define FILL(matrix, first, second, third, fourth) \
  { \
    const f16vec2 pairs_[4] = f16vec2[4](first, second, third, fourth); \
    [[unroll]] for (uint p = 0u; p < 4u; p++) { \
      matrix[2u * p] = pairs_[(ORDER >> (2u * p)) & 3u].x; \
      matrix[2u * p + 1u] = pairs_[(ORDER >> (2u * p)) & 3u].y; \
    } \
  }

void main() {
  const uint lane = gl_SubgroupInvocationID;
  const uint stream = gl_SubgroupID;
  const uint t = stream * 32u + lane;
  const uint g = lane / 4u;
  const uint r = lane % 4u;
  const uint kvHead = gl_WorkGroupID.x;
  const Item item = itemAt(gl_WorkGroupID.y);
  if (item.token == NOBODY) {
    phase_end()
    return;
  }
  const uint from = item.from;
  const uint to = item.to;
  const uint lastRun = (max(to, 1u) - 1u) / RUN * RUN;
  uint k = from / RUN * RUN + stream * RUN;

  uvec4 keyBits[2u * QUARTERS];
  uvec4 valueBits[4u * HALVES_];

// A run's keys and values, from the first of its keys on. Addresses whose parts that differ between
// loads are constants are added once for all.
#define LOAD_KEYS(run) \
  [[unroll]] for (uint q = 0u; q < QUARTERS; q++) { \
    keyBits[2u * q] = kvLoadAt((run) + g * KV_ROW_BYTES, r, 4u * q); \
    keyBits[2u * q + 1u] = \
        kvLoadAt((run) + g * KV_ROW_BYTES + uint64_t(8u * KV_ROW_BYTES), r, 4u * q); \
  }

#define LOAD_VALUES(run) \
  [[unroll]] for (uint h = 0u; h < HALVES_; h++) { \
    [[unroll]] for (uint j = 0u; j < 4u; j++) { \
      valueBits[4u * h + j] = kvLoadAt( \
          (run) + 4u * r * KV_ROW_BYTES + uint64_t((KV_HEADS * PAGE + j) * KV_ROW_BYTES), \
          g, \
          8u * h); \
    } \
  }

#define RUN_AT(k, page) \
  (uint64_t(pages) + uint64_t(rowAt(page, kvHead) + (k) % PAGE) * KV_ROW_BYTES)

  uint ahead = min(k, lastRun);
  uint64_t run = RUN_AT(ahead, tables.v[item.table + ahead / PAGE]);
  LOAD_KEYS(run)
  LOAD_VALUES(run)
  ahead = min(k + STEP, lastRun);
  uint pageAhead = tables.v[item.table + ahead / PAGE];
  askEarly(item, t);

  phase_begin()
  readOwnValue(item, kvHead, t);
  placeHeads(item, kvHead, t);
  placeQueries(t);
  for (uint i = lane; i < B_WIDTH * WEIGHT_PITCH; i += 32u) {
    weightHalves[stream * B_WIDTH * WEIGHT_PITCH + i] = float16_t(0.0);
  }
  takeOwn(item, kvHead, t);
  barrier();

  const uint ownScores = stream * B_WIDTH * SCORE_PITCH;
  const uint ownWeights = stream * B_WIDTH * WEIGHT_PITCH;
  const uint key = lane % 16u;
  const uint side = lane / 16u;
  float most[EACH];
  float weight[EACH];
  [[unroll]] for (uint e = 0u; e < EACH; e++) {
    most[e] = NOTHING;
    weight[e] = 0.0;
  }
  FRAGMENT_C sums[4u * HALVES_];
  [[unroll]] for (uint i = 0u; i < 4u * HALVES_; i++) {
    sums[i] = FRAGMENT_C(0.0);
  }

  for (; k < to; k += STEP) {
    // Two chains: a product waits for the one before it.
    FRAGMENT_C products = FRAGMENT_C(0.0);
    FRAGMENT_C others = FRAGMENT_C(0.0);
    [[unroll]] for (uint q = 0u; q < QUARTERS; q++) {
      const uvec4 low = kvWiden(keyBits[2u * q]);
      const uvec4 high = kvWiden(keyBits[2u * q + 1u]);
      [[unroll]] for (uint u = 0u; u < 2u; u++) {
        FRAGMENT_A keyA;
        FILL(
            keyA,
            unpackFloat2x16(low[2u * u]),
            unpackFloat2x16(low[2u * u + 1u]),
            unpackFloat2x16(high[2u * u]),
            unpackFloat2x16(high[2u * u + 1u]))
        FRAGMENT_B queryB;
        coopMatLoad(
            queryB,
            queryHalves,
            (2u * q + u) * 16u,
            QUERY_PITCH,
            gl_CooperativeMatrixLayoutColumnMajor);
        if (u == 0u) {
          products = coopMatMulAdd(keyA, queryB, products);
        } else {
          others = coopMatMulAdd(keyA, queryB, others);
        }
      }
    }
    run = RUN_AT(ahead, pageAhead);
    LOAD_KEYS(run)
    ahead = min(k + 2u * STEP, lastRun);
    pageAhead = tables.v[item.table + ahead / PAGE];

    coopMatStore(
        products + others, scores, ownScores, SCORE_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
    fence();
    const bool seen = k + key >= from && k + key < to;
    float score[EACH];
    bool grows = false;
    [[unroll]] for (uint e = 0u; e < EACH; e++) {
      const uint h = 2u * e + side;
      score[e] = 2.0 * NOTHING;
      if (h < GROUP && seen) {
        score[e] = scores[ownScores + h * SCORE_PITCH + key];
        if (SPLIT) {
          score[e] += scores[ownScores + (h + GROUP) * SCORE_PITCH + key];
        }
      }
      grows = grows || score[e] > most[e] + SLACK;
    }
    if (subgroupBallot(grows) != uvec4(0u)) {
      fence(); // scores are read; by what the sums shrink goes where they stood
      [[unroll]] for (uint e = 0u; e < EACH; e++) {
        const uint h = 2u * e + side;
        float high = max(most[e], score[e]);
        [[unroll]] for (uint mask = 1u; mask < 16u; mask <<= 1) {
          high = max(high, subgroupShuffleXor(high, mask));
        }
        const float faded = exp2(most[e] - high);
        most[e] = high;
        weight[e] *= faded;
        if (h < GROUP) {
          scores[ownScores + h * SCORE_PITCH + key] = faded;
          if (SPLIT) {
            scores[ownScores + (h + GROUP) * SCORE_PITCH + key] = faded;
          }
        }
      }
      fence();
      FRAGMENT_C faint;
      coopMatLoad(faint, scores, ownScores, SCORE_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
      [[unroll]] for (uint i = 0u; i < 4u * HALVES_; i++) {
        sums[i] *= faint;
      }
    }
    [[unroll]] for (uint e = 0u; e < EACH; e++) {
      const uint h = 2u * e + side;
      const float x = exp2(score[e] - most[e]);
      weight[e] += x;
      if (h < GROUP) {
        const float16_t rounded = float16_t(x);
        const uint at = ownWeights + h * WEIGHT_PITCH + keyColumn(key);
        weightHalves[at] = rounded;
        if (SPLIT) {
          weightHalves[at + GROUP * WEIGHT_PITCH] = float16_t(x - float(rounded));
        }
      }
    }
    fence();
    FRAGMENT_B weightB;
    coopMatLoad(
        weightB, weightHalves, ownWeights, WEIGHT_PITCH, gl_CooperativeMatrixLayoutColumnMajor);
    [[unroll]] for (uint h = 0u; h < HALVES_; h++) {
      const uvec4 a = kvWiden(valueBits[4u * h]);
      const uvec4 b = kvWiden(valueBits[4u * h + 1u]);
      const uvec4 c = kvWiden(valueBits[4u * h + 2u]);
      const uvec4 d = kvWiden(valueBits[4u * h + 3u]);
      [[unroll]] for (uint n = 0u; n < 4u; n++) {
        FRAGMENT_A valueA;
        FILL(
            valueA,
            f16vec2(lowHalf(a[n]), lowHalf(b[n])),
            f16vec2(lowHalf(c[n]), lowHalf(d[n])),
            f16vec2(highHalf(a[n]), highHalf(b[n])),
            f16vec2(highHalf(c[n]), highHalf(d[n])))
        sums[4u * h + n] = coopMatMulAdd(valueA, weightB, sums[4u * h + n]);
      }
    }
    LOAD_VALUES(run)
    fence();
  }

  [[unroll]] for (uint e = 0u; e < EACH; e++) {
    const uint h = 2u * e + side;
    [[unroll]] for (uint mask = 1u; mask < 16u; mask <<= 1) {
      weight[e] += subgroupShuffleXor(weight[e], mask);
    }
    if (h < GROUP && key == 0u) {
      ends[h * ENDS + stream] = vec2(most[e], weight[e]);
    }
  }
  [[unroll]] for (uint first = 0u; first < HEAD_SIZE; first += SLICE) {
    if (first > 0u) {
      barrier(); // the slice before is merged
    }
    [[unroll]] for (uint n = 0u; n < SLICE / 16u; n++) {
      coopMatStore(
          sums[first / 16u + n],
          room,
          stream * SLICE + n * 16u,
          STREAMS * SLICE,
          gl_CooperativeMatrixLayoutColumnMajor);
    }
    barrier();
    mergeHeads(item, kvHead, 0u, GROUP, first, first + SLICE, t);
  }
  joinParts(item, kvHead, t);
  phase_end()
}
