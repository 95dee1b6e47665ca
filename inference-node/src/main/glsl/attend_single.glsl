// What the kernels of single tokens' attention share: a workgroup takes an item (a range of one
// token's positions) and a key/value head, with all query heads that share it. Streams of invocations
// go through positions side by side; their results are merged, and where a token's positions are cut
// into several items, the workgroup that ends last joins them.
//
// The heads come straight from the projections: norm, RoPE and the storing of the token's own key
// and value happen here (nobody else reads these in this dispatch). The own position is nobody's
// stream: it is merged as if it were one.
//
// Needs, before it is included: HEAD_SIZE, KV_HEADS, GROUP, PAIRS, HALVED, NORMED, PAGE, LANES
// (a power of two within a subgroup, which share a head where heads are placed), VECTORS (of 16 bytes
// that one of them holds of a head), HALF, KV8, STREAMS, COLUMNS (heads whose sums `room` has room for
// beside each other), SLICE (numbers of a head that it has room for) and sumAt().
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "kv.glsl"

layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer Shared {
  vec4 v[];
};
layout(buffer_reference, std430, buffer_reference_align = 8) coherent buffer SharedPairs {
  vec2 v[];
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
  Shared parts;        // [part][KV_HEADS][GROUP][PART], see SUM_VECTORS
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
const uint EIGHTS = (HEAD_SIZE + 7u) / 8u;
const uint WIDTH = EIGHTS * 8u;

// Of a part, vectors of a head: its sums, then its largest score and its sum of weights.
const uint SUM_VECTORS = (HEAD_SIZE + 3u) / 4u;
const uint PART = SUM_VECTORS + 1u;
const uint MOST_PARTS = 64u;                 // AttentionPlan.MOST_PARTS
const uint PARTS_TOGETHER = 8u;

const float NOTHING = -1e30;
const float LOG2_E = 1.4426950408889634;

// First the heads (GROUP queries and a key), then each stream's sums of some query heads, then the
// ends of parts. Small: an NVIDIA driver gives all workgroups of a multiprocessor 48 KB together.
const uint HEADS_SIZE = (GROUP + 1u) * WIDTH;
const uint SUMS_SIZE = COLUMNS * STREAMS * SLICE;
const uint ENDS_SIZE = 2u * MOST_PARTS * GROUP;
const uint LARGER_SIZE = HEADS_SIZE > SUMS_SIZE ? HEADS_SIZE : SUMS_SIZE;
shared float room[LARGER_SIZE > ENDS_SIZE ? LARGER_SIZE : ENDS_SIZE];

// Each stream's largest score and sum of weights, of a head beside each other; the own position's
// come last.
const uint ENDS = STREAMS + 1u;
shared vec2 ends[ENDS * GROUP];
shared float ownValue[WIDTH];
shared uint ticket;

struct Item {
  uint token;
  uint table;
  uint from;
  uint to;       // before the own position
  uint position;
  bool hasOwn;
  uint firstPart;
  uint part;
  uint parts;
};

Item itemAt(uint index) {
  uvec4 item = items.v[index * 2u];
  uvec4 more = items.v[index * 2u + 1u];
  return Item(
      item.x,
      item.y,
      item.z,
      min(item.w, more.x),
      more.x,
      item.w > more.x,
      more.y,
      more.z,
      more.w);
}

// The first row, a key's, of what a page has of a key/value head; values' are KV_HEADS * PAGE on.
uint rowAt(uint page, uint kvHead) {
  return page * 2u * KV_HEADS * PAGE + kvHead * PAGE;
}

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

// What placing heads needs of earlier steps and of the model: asked for before the phase begins.
const uint HELD = (WIDTH + LANES - 1u) / LANES;          // numbers of a head that a lane holds
const bool ONE_ROUND = GROUP + 1u <= THREADS / LANES;    // each lane holds one head's
const bool ONE_TURN = THREADS % PAIRS == 0u;             // an invocation turns the same pair of all heads
vec2 earlyTurn;
float earlyNorms[HELD];
uint ownPage;

float headNorm(bool isKey, uint i) {
  return i < HEAD_SIZE ? headNorms.v[(isKey ? HEAD_SIZE : 0u) + i] : 0.0;
}

void askEarly(Item item, uint t) {
  earlyTurn = ONE_TURN ? turns.v[item.token * PAIRS + t % PAIRS] : vec2(0.0);
  ownPage = tables.v[item.table + item.position / PAGE];
  [[unroll]] for (uint n = 0u; n < HELD; n++) {
    earlyNorms[n] = NORMED != 0u && ONE_ROUND
        ? headNorm(t / LANES == GROUP, n * LANES + t % LANES)
        : 0.0;
  }
}

// Norms and turns the item's heads into `room`.
void placeHeads(Item item, uint kvHead, uint t) {
  uint token = item.token;
  uint rows = item.hasOwn ? GROUP + 1u : GROUP;
  uint lane = t % LANES;
  for (uint base = 0u; base < rows; base += THREADS / LANES) {
    uint row = base + t / LANES;
    bool isKey = row == GROUP;
    float x[HELD];
    float squares = 0.0;
    [[unroll]] for (uint n = 0u; n < HELD; n++) {
      uint i = n * LANES + lane;
      x[n] = 0.0;
      if (row < rows && i < HEAD_SIZE) {
        x[n] = isKey
            ? keys.v[token * kvStride + kvHead * HEAD_SIZE + i]
            : queries.v[token * queryStride + (kvHead * GROUP + row) * HEAD_SIZE + i];
      }
      squares += x[n] * x[n];
    }
    if (NORMED != 0u) {
      float down = inversesqrt(acrossLanes(squares) / float(HEAD_SIZE) + epsilon);
      [[unroll]] for (uint n = 0u; n < HELD; n++) {
        x[n] *= down * (ONE_ROUND ? earlyNorms[n] : headNorm(isKey, n * LANES + lane));
      }
    }
    if (row < rows) {
      [[unroll]] for (uint n = 0u; n < HELD; n++) {
        uint i = n * LANES + lane;
        if (i < WIDTH) {
          room[row * WIDTH + i] = x[n];
        }
      }
    }
  }
  barrier();
  for (uint i = t; i < rows * PAIRS; i += THREADS) {
    uint row = i / PAIRS;
    uint pair = i % PAIRS;
    uvec2 at = row * WIDTH + pairAt(pair);
    vec2 turn = ONE_TURN ? earlyTurn : turns.v[token * PAIRS + pair];
    vec2 x = turned(vec2(room[at.x], room[at.y]), turn);
    room[at.x] = x.x;
    room[at.y] = x.y;
  }
  barrier();
}

bool takesOwn(Item item, uint t) {
  return item.hasOwn && t / LANES == THREADS / LANES - 1u;
}

// The own value, of the invocations that take it; asked for while heads are placed.
float ownNumbers[VECTORS * 8u];

void readOwnValue(Item item, uint kvHead, uint t) {
  [[unroll]] for (uint e = 0u; e < VECTORS; e++) {
    [[unroll]] for (uint i = 0u; i < 8u; i++) {
      uint d = (e * LANES + t % LANES) * 8u + i;
      ownNumbers[e * 8u + i] = takesOwn(item, t) && d < HEAD_SIZE
          ? values.v[item.token * kvStride + kvHead * HEAD_SIZE + d]
          : 0.0;
    }
  }
}

// Stores the own key and value, from placed heads, and leaves what they add to the sums. The last
// LANES invocations do it: the last stream has the least to do.
void takeOwn(Item item, uint kvHead, uint t) {
  if (!takesOwn(item, t)) {
    return;
  }
  uint lane = t % LANES;
  uint keyRow = rowAt(ownPage, kvHead) + item.position % PAGE;
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
        value[i] = halves(ownNumbers[e * 8u + 2u * i], ownNumbers[e * 8u + 2u * i + 1u]);
      }
    }
    key = store(keyRow, vector, key);
    value = store(valueRow, vector, value);
    vec4 a;
    vec4 b;
    widen(key, a, b);
    if (vector < EIGHTS) {
      [[unroll]] for (uint h = 0u; h < GROUP; h++) {
        [[unroll]] for (uint i = 0u; i < 4u; i++) {
          scores[h] += a[i] * room[h * WIDTH + vector * 8u + i];
          scores[h] += b[i] * room[h * WIDTH + vector * 8u + 4u + i];
        }
      }
      widen(value, a, b);
      [[unroll]] for (uint i = 0u; i < 4u; i++) {
        ownValue[vector * 8u + i] = a[i];
        ownValue[vector * 8u + 4u + i] = b[i];
      }
    }
  }
  [[unroll]] for (uint h = 0u; h < GROUP; h++) {
    float score = acrossLanes(scores[h]) * (scale * LOG2_E);
    if (lane == 0u) {
      ends[h * ENDS + STREAMS] = vec2(score, 1.0);
    }
  }
}

uint partAt(Item item, uint part, uint kvHead, uint h) {
  return (((item.firstPart + part) * KV_HEADS + kvHead) * GROUP + h) * PART;
}

// Of a head, the h-th, the g-th in `room`: the streams' sums and ends, merged and written, as the
// result or as the item's part of it.
void merge(Item item, uint kvHead, uint h, uint g, uint i) {
  float high = item.hasOwn ? ends[h * ENDS + STREAMS].x : NOTHING;
  [[unroll]] for (uint s = 0u; s < STREAMS; s++) {
    high = max(high, ends[h * ENDS + s].x);
  }
  float all = 0.0;
  vec2 x = vec2(0.0);
  if (item.hasOwn) {
    all = exp2(ends[h * ENDS + STREAMS].x - high);
    x = all * vec2(ownValue[i], ownValue[i + 1u]);
  }
  [[unroll]] for (uint s = 0u; s < STREAMS; s++) {
    vec2 end = ends[h * ENDS + s];
    float faded = exp2(end.x - high);
    all += faded * end.y;
    x += faded * sumAt(g, s, i);
  }
  uint head = kvHead * GROUP + h;
  if (item.parts == 1u) {
    write(item.token, head * HEAD_SIZE + i, x / all);
    return;
  }
  uint at = partAt(item, item.part, kvHead, h) * 2u;
  SharedPairs(parts).v[at + i / 2u] = x;
  if (i == 0u) {
    SharedPairs(parts).v[at + SUM_VECTORS * 2u] = vec2(high, all);
  }
}

// Merges numbers `from` to `to` of `count` heads from the first-th on, whose sums are the first in
// `room`.
void mergeHeads(Item item, uint kvHead, uint first, uint count, uint from, uint to, uint t) {
  uint pairs = (to - from) / 2u;
  for (uint pair = t; pair < count * pairs; pair += THREADS) {
    uint g = pair / pairs;
    merge(item, kvHead, first + g, g, from + pair % pairs * 2u);
  }
}

// Joining, an invocation holds four of a head's numbers: four neighbours, or two pairs, 32 columns apart,
// as neighbours who pack must hold pairs; one pair in heads that don't have so many.
const uint APART = (HALF == 2u ? 32u : 0u) * (HEAD_SIZE % 64u == 0u ? 1u : 0u);
const uint JOINED = HALF == 2u ? (APART == 0u ? 2u : 4u) : 4u;
const uint JOINERS = (HEAD_SIZE + JOINED - 1u) / JOINED; // of a head

// The first of a joiner's numbers.
uint joinedFrom(uint joiner) {
  if (APART != 0u) {
    return joiner / 16u * 64u + joiner % 16u * 2u;
  }
  return joiner * JOINED;
}

// A joiner's numbers of a part, from the d-th of the head on.
vec4 partSums(uint part, uint d) {
  if (HALF != 2u) {
    return parts.v[part + d / 4u];
  }
  uint at = part * 2u + d / 2u;
  return vec4(
      SharedPairs(parts).v[at], APART != 0u ? SharedPairs(parts).v[at + APART / 2u] : vec2(0.0));
}

// Joins the parts of a token, where the item is not all of it: the workgroup that ends last does.
void joinParts(Item item, uint kvHead, uint t) {
  if (item.parts == 1u) {
    return;
  }
  memoryBarrierBuffer();
  barrier();
  uint counter = item.firstPart * KV_HEADS + kvHead;
  if (t == 0u) {
    ticket = atomicAdd(tickets.v[counter], 1u);
  }
  memoryBarrierBuffer();
  barrier();
  if (ticket != item.parts - 1u) {
    return;
  }
  if (t == 0u) {
    tickets.v[counter] = 0u;
  }
  for (uint i = t; i < item.parts * GROUP; i += THREADS) {
    vec2 end = SharedPairs(parts).v[(partAt(item, i / GROUP, kvHead, i % GROUP) + SUM_VECTORS) * 2u];
    room[2u * i] = end.x;
    room[2u * i + 1u] = end.y;
  }
  barrier();
  for (uint i = t; i < GROUP * JOINERS; i += THREADS) {
    uint h = i / JOINERS;
    uint d = joinedFrom(i % JOINERS);
    float high = NOTHING;
    for (uint p = 0u; p < item.parts; p++) {
      high = max(high, room[2u * (p * GROUP + h)]);
    }
    vec4 x = vec4(0.0);
    float all = 0.0;
    // Asked for together: each takes as long as all.
    for (uint base = 0u; base < item.parts; base += PARTS_TOGETHER) {
      vec4 sums[PARTS_TOGETHER];
      [[unroll]] for (uint n = 0u; n < PARTS_TOGETHER; n++) {
        uint p = min(base + n, item.parts - 1u);
        sums[n] = partSums(partAt(item, p, kvHead, h), d);
      }
      [[unroll]] for (uint n = 0u; n < PARTS_TOGETHER; n++) {
        uint p = min(base + n, item.parts - 1u);
        float faded = base + n < item.parts ? exp2(room[2u * (p * GROUP + h)] - high) : 0.0;
        all += faded * room[2u * (p * GROUP + h) + 1u];
        x += faded * sums[n];
      }
    }
    x /= all;
    uint column = (kvHead * GROUP + h) * HEAD_SIZE + d;
    write(item.token, column, x.xy);
    if (APART != 0u) {
      write(item.token, column + APART, x.zw);
    } else if (HALF != 2u) {
      if (d + 2u < HEAD_SIZE) {
        write(item.token, column + 2u, x.zw);
      }
    }
  }
}
