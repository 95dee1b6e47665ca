#version 460
// Attention of single tokens, in float32 on any device: a stream of LANES invocations takes every
// STREAMS-th run of RUN positions.
#extension GL_GOOGLE_include_directive : require
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_SIZE = 128;
layout(constant_id = 2) const uint KV_HEADS = 8;
layout(constant_id = 3) const uint GROUP = 4;    // query heads of a key/value head
layout(constant_id = 4) const uint PAIRS = 64;
layout(constant_id = 5) const uint HALVED = 1;
layout(constant_id = 6) const uint NORMED = 0;
layout(constant_id = 7) const uint PAGE = 32;
layout(constant_id = 8) const uint LANES = 16;   // of a stream; a power of two within a subgroup
layout(constant_id = 9) const uint VECTORS = 1;  // of 16 bytes that a lane holds of a head
layout(constant_id = 10) const uint HALF = 0;    // out: floats, halves (1), or packed (2)
layout(constant_id = 11) const uint RUN = 4;     // positions that a stream takes at a time
layout(constant_id = 12) const uint TOGETHER = 1; // query heads whose sums are merged at a time
layout(constant_id = 13) const uint KV8 = 0;     // keys and values as bytes

const uint STREAMS = gl_WorkGroupSize.x / LANES;
const uint COLUMNS = TOGETHER;
vec2 sumAt(uint g, uint stream, uint i);
const uint SLICE = (HEAD_SIZE + 7u) / 8u * 8u;

#include "attend_single.glsl"

vec2 sumAt(uint g, uint stream, uint i) {
  uint at = (g * STREAMS + stream) * WIDTH + i;
  return vec2(room[at], room[at + 1u]);
}

void main() {
  uint t = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  uint lane = t % LANES;
  uint stream = t / LANES;
  uint kvHead = gl_WorkGroupID.x;
  Item item = itemAt(gl_WorkGroupID.y);
  if (item.token == NOBODY) {
    phase_end()
    return;
  }
  uint from = item.from;
  uint to = item.to;
  askEarly(item, t);
  phase_begin()

  readOwnValue(item, kvHead, t);
  placeHeads(item, kvHead, t);
  takeOwn(item, kvHead, t);

  vec4 q[GROUP][VECTORS][2];
  vec4 sums[GROUP][VECTORS][2];
  float most[GROUP];
  float weight[GROUP];
  [[unroll]] for (uint h = 0u; h < GROUP; h++) {
    most[h] = NOTHING;
    weight[h] = 0.0;
    [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
      uint vector = e * LANES + lane;
      [[unroll]] for (uint half_ = 0u; half_ < 2u; half_++) {
        sums[h][e][half_] = vec4(0.0);
        q[h][e][half_] = vec4(0.0);
        if (vector < EIGHTS) {
          uint at = h * WIDTH + vector * 8u + half_ * 4u;
          q[h][e][half_] =
              vec4(room[at], room[at + 1u], room[at + 2u], room[at + 3u]) * (scale * LOG2_E);
        }
      }
    }
  }

  // Runs start at multiples of RUN, which divides PAGE: a run lies in one page.
  // All streams go round equally often; one that is past the end reads the last run and drops it.
  for (uint base = from / RUN * RUN; base < to; base += STREAMS * RUN) {
    uint wanted = base + stream * RUN;
    uint k = min(wanted, (to - 1u) / RUN * RUN);
    uint page = tables.v[item.table + k / PAGE];
    uint last = to - 1u - k;
    uint row = rowAt(page, kvHead) + k % PAGE;
    uvec4 keyBits[RUN][VECTORS];
    uvec4 valueBits[RUN][VECTORS];
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        uint vector = min(e * LANES + lane, EIGHTS - 1u);
        keyBits[j][e] = kvRead(pages, row + min(j, last), vector);
      }
    }
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        uint vector = min(e * LANES + lane, EIGHTS - 1u);
        valueBits[j][e] = kvRead(pages, row + KV_HEADS * PAGE + min(j, last), vector);
      }
    }
    float scores[GROUP][RUN];
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
      [[unroll]] for (uint h = 0u; h < GROUP; h++) {
        scores[h][j] = 0.0;
      }
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        vec4 a;
        vec4 b;
        widen(keyBits[j][e], a, b);
        [[unroll]] for (uint h = 0u; h < GROUP; h++) {
          scores[h][j] += dot(a, q[h][e][0]) + dot(b, q[h][e][1]);
        }
      }
      bool seen = wanted + j < to && wanted + j >= from;
      [[unroll]] for (uint h = 0u; h < GROUP; h++) {
        float score = acrossLanes(scores[h][j]);
        scores[h][j] = seen ? score : NOTHING * 2.0;
      }
    }
    [[unroll]] for (uint h = 0u; h < GROUP; h++) {
      float high = most[h];
      [[unroll]] for (uint j = 0u; j < RUN; j++) {
        high = max(high, scores[h][j]);
      }
      float faded = exp2(most[h] - high);
      most[h] = high;
      weight[h] *= faded;
      [[unroll]] for (uint j = 0u; j < RUN; j++) {
        scores[h][j] = exp2(scores[h][j] - high);
        weight[h] += scores[h][j];
      }
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        sums[h][e][0] *= faded;
        sums[h][e][1] *= faded;
      }
    }
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        vec4 a;
        vec4 b;
        widen(valueBits[j][e], a, b);
        [[unroll]] for (uint h = 0u; h < GROUP; h++) {
          sums[h][e][0] += scores[h][j] * a;
          sums[h][e][1] += scores[h][j] * b;
        }
      }
    }
  }

  if (lane == 0u) {
    [[unroll]] for (uint h = 0u; h < GROUP; h++) {
      ends[h * ENDS + stream] = vec2(most[h], weight[h]);
    }
  }
  [[unroll]] for (uint first = 0u; first < GROUP; first += TOGETHER) {
    barrier(); // the room is read no more
    [[unroll]] for (uint g = 0u; g < TOGETHER; g++) {
      [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
        uint vector = e * LANES + lane;
        if (vector < EIGHTS) {
          uint at = (g * STREAMS + stream) * WIDTH + vector * 8u;
          [[unroll]] for (uint i = 0u; i < 4u; i++) {
            room[at + i] = sums[first + g][e][0][i];
            room[at + 4u + i] = sums[first + g][e][1][i];
          }
        }
      }
    }
    barrier();
    mergeHeads(item, kvHead, first, TOGETHER, 0u, HEAD_SIZE, t);
  }
  joinParts(item, kvHead, t);
  phase_end()
}
