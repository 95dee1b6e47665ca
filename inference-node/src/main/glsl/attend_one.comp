#version 460
// Attention of single tokens: one workgroup for an item (a range of one token's positions) and a
// key/value head, with all query heads that share it. Streams of LANES invocations each take every
// STREAMS-th run of four positions; their results are merged, and where a token's positions are
// cut into several items, the workgroup that ends last joins them.
//
// The heads come straight from the projections: norm, RoPE and the storing of the token's own key
// and value happen here (nobody else reads these in this dispatch).
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
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

#include "kv.glsl"

layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer Shared {
  float v[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer Tickets {
  uint v[];
};

layout(push_constant) uniform Push {
  PassedFloats queries; // [token][queryStride]
  PassedFloats keys;   // [token][kvStride]
  PassedFloats values;
  PassedWords result;       // [token][resultStride]
  Word4s pages;        // of this layer: [page][key, value][KV_HEADS][PAGE] rows
  Word4s items;        // two for each: (token, first page in `tables`, from, to)
                       //               (position, first part, own part, parts)
  Words tables;        // page ids
  Float2s turns;       // [token][PAIRS] cosine, sine
  Floats headNorms;    // [query, key][HEAD_SIZE]
  Shared parts;        // [part][KV_HEADS][GROUP][PART]
  Tickets tickets;     // [first part][KV_HEADS], zero between dispatches
  uint queryStride;
  uint kvStride;
  uint resultStride;
  float scale;
  float epsilon;
  LINK_ARGUMENTS
};

#include "head.glsl"
#include "number_bytes.glsl"
#include "pack.glsl"

const uint THREADS = gl_WorkGroupSize.x;
const uint STREAMS = THREADS / LANES;
const uint EIGHTS = (HEAD_SIZE + 7u) / 8u;
const uint WIDTH = EIGHTS * 8u;
const uint PART = HEAD_SIZE + 2u;
const float NOTHING = -1e30;
const float LOG2_E = 1.4426950408889634;

const uint HEAD_PAIRS = HEAD_SIZE / 2u;

// First the heads (GROUP queries and a key), then each stream's sums of some query heads.
const uint HEADS_SIZE = (GROUP + 1u) * WIDTH;
const uint SUMS_SIZE = TOGETHER * STREAMS * WIDTH;
shared float room[HEADS_SIZE > SUMS_SIZE ? HEADS_SIZE : SUMS_SIZE];
shared vec2 ends[STREAMS * GROUP];
shared uint ticket;

float acrossLanes(float x) {
  for (uint mask = 1u; mask < LANES; mask <<= 1) {
    x += subgroupShuffleXor(x, mask);
  }
  return x;
}

// Stores eight numbers of the token's own key or value, given as halves, and gives them back as
// they will be read. Neighbouring lanes hold neighbouring vectors, four of which share a scale.
uvec4 store(uint row, uint vector, uvec4 bits) {
  if (KV8 == 0u) {
    if (vector < EIGHTS) {
      pages.v[row * EIGHTS + vector] = bits;
    }
    return bits;
  }
  vec4 a;
  vec4 b;
  widen(bits, a, b);
  float most = kvLargest(a, b);
  for (uint mask = 1u; mask < min(LANES, 4u); mask <<= 1) {
    most = max(most, subgroupShuffleXor(most, mask));
  }
  if (vector >= EIGHTS) {
    return uvec4(0u);
  }
  return kvHalves(kvWriteBytes(pages, row, vector, a, b, most), most / 127.0);
}

// Two numbers of a head's result, neighbours by neighbours.
void write(uint token, uint column, vec2 x) {
  uint at = token * resultStride + column;
  if (HALF == 1u) {
    result.v[at / 2u] = halves(x.x, x.y);
  } else if (HALF == 0u) {
    result.v[at] = floatBitsToUint(x.x);
    result.v[at + 1u] = floatBitsToUint(x.y);
  } else {
    pack_two(
        PackedWords(uint64_t(result) + uint64_t(token * resultStride) * 4ul),
        resultStride / PACKED_TILE_WORDS,
        column,
        x,
        x);
  }
}

// Norms and turns `rows` heads into `room`.
void placeHeads(uint token, uint kvHead, uint rows, uint stream, uint lane, uint t) {
  // Asked for early: where every round of an invocation has the same pair, it is needed but once.
  const bool oneTurn = THREADS % PAIRS == 0u;
  vec2 turn = vec2(0.0);
  if (oneTurn) {
    turn = turns.v[token * PAIRS + t % PAIRS];
  }
  for (uint base = 0u; base < rows; base += STREAMS) {
    uint row = base + stream;
    bool isKey = row == GROUP;
    float squares = 0.0;
    if (row < rows) {
      for (uint i = lane; i < WIDTH; i += LANES) {
        float x = 0.0;
        if (i < HEAD_SIZE) {
          x = isKey
              ? keys.v[token * kvStride + kvHead * HEAD_SIZE + i]
              : queries.v[token * queryStride + (kvHead * GROUP + row) * HEAD_SIZE + i];
        }
        room[row * WIDTH + i] = x;
        squares += x * x;
      }
    }
    if (NORMED != 0u) {
      float down = inversesqrt(acrossLanes(squares) / float(HEAD_SIZE) + epsilon);
      if (row < rows) {
        for (uint i = lane; i < HEAD_SIZE; i += LANES) {
          room[row * WIDTH + i] *= down * headNorms.v[(isKey ? HEAD_SIZE : 0u) + i];
        }
      }
    }
  }
  barrier();
  for (uint i = t; i < rows * PAIRS; i += THREADS) {
    uint row = i / PAIRS;
    uint pair = i % PAIRS;
    uvec2 at = row * WIDTH + pairAt(pair);
    if (!oneTurn) {
      turn = turns.v[token * PAIRS + pair];
    }
    vec2 x = turned(vec2(room[at.x], room[at.y]), turn);
    room[at.x] = x.x;
    room[at.y] = x.y;
  }
  barrier();
}

void main() {
  uint t = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
  uint lane = t % LANES;
  uint stream = t / LANES;
  uint kvHead = gl_WorkGroupID.x;
  uvec4 item = items.v[gl_WorkGroupID.y * 2u];
  uvec4 more = items.v[gl_WorkGroupID.y * 2u + 1u];
  uint token = item.x;
  if (token == NOBODY) {
    phase_end()
    return;
  }
  uint table = item.y;
  uint from = item.z;
  uint position = more.x;
  bool hasOwn = item.w > position;
  uint to = min(item.w, position);
  phase_begin()

  placeHeads(token, kvHead, hasOwn ? GROUP + 1u : GROUP, stream, lane, t);

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

  if (hasOwn && stream == 0u) {
    uint slot = position % PAGE;
    uint page = tables.v[table + position / PAGE];
    uint keyRow = ((page * 2u) * KV_HEADS + kvHead) * PAGE + slot;
    uint valueRow = keyRow + KV_HEADS * PAGE;
    float scores[GROUP];
    [[unroll]] for (uint h = 0u; h < GROUP; h++) {
      scores[h] = 0.0;
    }
    [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
      uint vector = e * LANES + lane;
      uvec4 key = uvec4(0u);
      uvec4 value = uvec4(0u);
      if (vector < EIGHTS) {
        [[unroll]] for (uint i = 0u; i < 4u; i++) {
          uint at = vector * 8u + i * 2u;
          key[i] = halves(room[GROUP * WIDTH + at], room[GROUP * WIDTH + at + 1u]);
          uint in_ = token * kvStride + kvHead * HEAD_SIZE + at;
          value[i] = halves(
              at < HEAD_SIZE ? values.v[in_] : 0.0, at + 1u < HEAD_SIZE ? values.v[in_ + 1u] : 0.0);
        }
      }
      key = store(keyRow, vector, key);
      value = store(valueRow, vector, value);
      vec4 a;
      vec4 b;
      widen(key, a, b);
      [[unroll]] for (uint h = 0u; h < GROUP; h++) {
        scores[h] += dot(a, q[h][e][0]) + dot(b, q[h][e][1]);
      }
      widen(value, a, b);
      [[unroll]] for (uint h = 0u; h < GROUP; h++) {
        sums[h][e][0] = a;
        sums[h][e][1] = b;
      }
    }
    [[unroll]] for (uint h = 0u; h < GROUP; h++) {
      most[h] = acrossLanes(scores[h]);
      weight[h] = 1.0;
    }
  }

  // Runs start at multiples of RUN, which divides PAGE: a run lies in one page.
  // All streams go round equally often; one that is past the end reads the last run and drops it.
  for (uint base = from / RUN * RUN; base < to; base += STREAMS * RUN) {
    uint wanted = base + stream * RUN;
    uint k = min(wanted, (to - 1u) / RUN * RUN);
    uint page = tables.v[table + k / PAGE];
    uint slot = k % PAGE;
    uint last = to - 1u - k;
    uint row = ((page * 2u) * KV_HEADS + kvHead) * PAGE + slot;
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
      ends[h * STREAMS + stream] = vec2(most[h], weight[h]);
    }
  }
  uint parts_ = more.w;
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
    for (uint pair = t; pair < TOGETHER * HEAD_PAIRS; pair += THREADS) {
      uint g = pair / HEAD_PAIRS;
      uint i = pair % HEAD_PAIRS * 2u;
      uint h = first + g;
      float high = NOTHING;
      [[unroll]] for (uint s = 0u; s < STREAMS; s++) {
        high = max(high, ends[h * STREAMS + s].x);
      }
      float all = 0.0;
      vec2 x = vec2(0.0);
      [[unroll]] for (uint s = 0u; s < STREAMS; s++) {
        vec2 end = ends[h * STREAMS + s];
        float faded = exp2(end.x - high);
        all += faded * end.y;
        uint from_ = (g * STREAMS + s) * WIDTH + i;
        x += faded * vec2(room[from_], room[from_ + 1u]);
      }
      uint head = kvHead * GROUP + h;
      if (parts_ == 1u) {
        write(token, head * HEAD_SIZE + i, x / all);
      } else {
        uint at = (((more.y + more.z) * KV_HEADS + kvHead) * GROUP + h) * PART;
        parts.v[at + i] = x.x;
        parts.v[at + i + 1u] = x.y;
        if (i == 0u) {
          parts.v[at + HEAD_SIZE] = high;
          parts.v[at + HEAD_SIZE + 1u] = all;
        }
      }
    }
  }
  if (parts_ == 1u) {
    phase_end()
    return;
  }

  memoryBarrierBuffer();
  barrier();
  uint counter = more.y * KV_HEADS + kvHead;
  if (t == 0u) {
    ticket = atomicAdd(tickets.v[counter], 1u);
  }
  memoryBarrierBuffer();
  barrier();
  if (ticket != parts_ - 1u) {
    phase_end()
    return;
  }
  if (t == 0u) {
    tickets.v[counter] = 0u;
  }
  for (uint i = t * 2u; i < GROUP * HEAD_SIZE; i += THREADS * 2u) {
    uint h = i / HEAD_SIZE;
    uint d = i % HEAD_SIZE;
    uint first = (more.y * KV_HEADS + kvHead) * GROUP + h;
    uint step = KV_HEADS * GROUP;
    float high = NOTHING;
    for (uint p = 0u; p < parts_; p++) {
      high = max(high, parts.v[(first + p * step) * PART + HEAD_SIZE]);
    }
    vec2 x = vec2(0.0);
    float all = 0.0;
    for (uint p = 0u; p < parts_; p++) {
      uint at = (first + p * step) * PART;
      float faded = exp2(parts.v[at + HEAD_SIZE] - high);
      all += faded * parts.v[at + HEAD_SIZE + 1u];
      x += faded * vec2(parts.v[at + d], parts.v[at + d + 1u]);
    }
    write(token, (kvHead * GROUP + h) * HEAD_SIZE + d, x / all);
  }
  phase_end()
}
