#version 460
// Norms and turns the heads of every token that attends by tiles, and stores them as halves:
// queries beside each other, already times the attention's scale, keys and values in their pages.
// A workgroup takes one head of one token: y < heads a query, then keys, then values.
#extension GL_GOOGLE_include_directive : require
#include "blocks.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_SIZE = 128;
layout(constant_id = 2) const uint HEADS = 32;
layout(constant_id = 3) const uint KV_HEADS = 8;
layout(constant_id = 4) const uint PAIRS = 64;
layout(constant_id = 5) const uint HALVED = 1;
layout(constant_id = 6) const uint NORMED = 0;
layout(constant_id = 7) const uint PAGE = 32;
layout(constant_id = 8) const uint KV8 = 0;  // keys and values as bytes

#include "kv.glsl"

layout(push_constant) uniform Push {
  Floats queries;      // [token][stride]
  Floats keys;
  Floats values;
  Words placed;        // [token][HEADS][width] halves
  Word4s pages;        // of this layer: [page][key, value][KV_HEADS][PAGE] rows
  Words slots;         // for each token: page * PAGE + slot, or nobody
  Float2s turns;       // [token][PAIRS] cosine, sine
  Floats queryNorm;
  Floats keyNorm;
  uint queryStride;
  uint kvStride;
  float scale;
  float epsilon;
};

#include "head.glsl"

const uint WIDTH = (HEAD_SIZE + 7u) / 8u * 8u;
shared float head[WIDTH];
shared float partial[gl_WorkGroupSize.x];

void main() {
  uint t = gl_LocalInvocationID.x;
  uint token = gl_WorkGroupID.x;
  uint slot = slots.v[token];
  if (slot == NOBODY) {
    return;
  }
  uint which = gl_WorkGroupID.y;
  bool isQuery = which < HEADS;
  bool isKey = !isQuery && which < HEADS + KV_HEADS;
  uint own = isQuery ? which : isKey ? which - HEADS : which - HEADS - KV_HEADS;
  for (uint i = t; i < WIDTH; i += gl_WorkGroupSize.x) {
    float x = 0.0;
    if (i < HEAD_SIZE) {
      uint at = own * HEAD_SIZE + i;
      x = isQuery
          ? queries.v[token * queryStride + at]
          : isKey ? keys.v[token * kvStride + at] : values.v[token * kvStride + at];
    }
    head[i] = x;
  }
  barrier();
  if (isQuery || isKey) {
    if (NORMED != 0u) {
      float squares = 0.0;
      for (uint i = t; i < HEAD_SIZE; i += gl_WorkGroupSize.x) {
        squares += head[i] * head[i];
      }
      partial[t] = squares;
      barrier();
      for (uint half_ = gl_WorkGroupSize.x / 2u; half_ > 0u; half_ >>= 1) {
        if (t < half_) {
          partial[t] += partial[t + half_];
        }
        barrier();
      }
      float down = inversesqrt(partial[0] / float(HEAD_SIZE) + epsilon);
      for (uint i = t; i < HEAD_SIZE; i += gl_WorkGroupSize.x) {
        head[i] = head[i] * down * (isQuery ? queryNorm.v[i] : keyNorm.v[i]);
      }
      barrier();
    }
    for (uint pair = t; pair < PAIRS; pair += gl_WorkGroupSize.x) {
      uvec2 at = pairAt(pair);
      vec2 x = turned(vec2(head[at.x], head[at.y]), turns.v[token * PAIRS + pair]);
      head[at.x] = x.x;
      head[at.y] = x.y;
    }
    barrier();
  }
  uint row = ((slot / PAGE * 2u + (isKey ? 0u : 1u)) * KV_HEADS + own) * PAGE + slot % PAGE;
  if (KV8 != 0u && !isQuery) {
    for (uint vector = t; vector < KV_EIGHTS; vector += gl_WorkGroupSize.x) {
      float most = 0.0;
      for (uint i = vector / 4u * 32u; i < min(vector / 4u * 32u + 32u, WIDTH); i++) {
        most = max(most, abs(head[i]));
      }
      uint at = 8u * vector;
      kvWriteBytes(
          pages,
          row,
          vector,
          vec4(head[at], head[at + 1u], head[at + 2u], head[at + 3u]),
          vec4(head[at + 4u], head[at + 5u], head[at + 6u], head[at + 7u]),
          most);
    }
    return;
  }
  float times = isQuery ? scale : 1.0;
  for (uint i = t; i < WIDTH / 2u; i += gl_WorkGroupSize.x) {
    uint both = halves(head[2u * i] * times, head[2u * i + 1u] * times);
    if (isQuery) {
      placed.v[(token * HEADS + own) * (WIDTH / 2u) + i] = both;
    } else {
      Words(pages).v[row * (WIDTH / 2u) + i] = both;
    }
  }
}
