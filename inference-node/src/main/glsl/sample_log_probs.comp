#version 450
// The mass of a row under the model's own distribution, and its most probable tokens in order. One
// workgroup a draw, after sample_best.
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "sample.glsl"
#include "sample_bins.glsl"

const uint MOST_CANDIDATES = 2048;
const float COARSE = 32.0;

shared uint candidateKey[MOST_CANDIDATES];
shared uint candidateToken[MOST_CANDIDATES];
shared uint candidates;

void main() {
  Draw draw = Draws(arguments.draws).at[gl_WorkGroupID.x];
  if ((draw.flags & UNUSED) != 0 || draw.topLogProbs == 0xFFFFFFFFu) {
    return;
  }
  Floats logits = row(draw);
  float highest = uintBitsToFloat(0xFF800000u);
  uint bad = 0;
  for (uint i = 0; i < arguments.splits; i++) {
    Part part = Parts(arguments.parts).at[gl_WorkGroupID.x * arguments.splits + i];
    bad |= part.bad;
    highest = max(highest, part.highest);
  }
  if (bad != 0) {
    return;
  }
  clearBins(BINS);
  for (uint i = lane(); i < draw.vocabulary; i += THREADS) {
    float distance = highest - logits.at[i];
    addTo(uint(min(distance * COARSE, float(BINS - 1))), 1, weightOf(distance));
  }
  uint wanted = min(min(draw.topLogProbs, TOP), draw.vocabulary);
  uint all;
  uvec2 mass;
  cross(BINS, COUNT_REACHES, max(wanted, 1), uvec2(0), all, mass);
  uint lastBin = foundBin;
  bool few = foundBefore + foundCount <= MOST_CANDIDATES;
  uint elements = draw.vocabulary;
  if (lane() == 0) {
    candidates = 0;
  }
  barrier();
  if (few && wanted > 0) {
    for (uint i = lane(); i < draw.vocabulary; i += THREADS) {
      float logit = logits.at[i];
      if (uint(min((highest - logit) * COARSE, float(BINS - 1))) <= lastBin) {
        uint place = atomicAdd(candidates, 1);
        candidateKey[place] = keyOf(logit);
        candidateToken[place] = i;
      }
    }
    barrier();
    elements = candidates;
  }
  Results results = Results(arguments.results);
  if (lane() == 0) {
    results.at[gl_WorkGroupID.x].highest = highest;
    results.at[gl_WorkGroupID.x].mass = mass;
  }
  // One after the other: the first in the order that comes after the last one found.
  uint lastKey = 0;
  uint lastToken = 0;
  for (uint rank = 0; rank < wanted; rank++) {
    uint key = 0xFFFFFFFFu;
    uint token = 0xFFFFFFFFu;
    for (uint i = lane(); i < elements; i += THREADS) {
      uint otherKey = few ? candidateKey[i] : keyOf(logits.at[i]);
      uint other = few ? candidateToken[i] : i;
      bool after = rank == 0 || otherKey > lastKey || (otherKey == lastKey && other > lastToken);
      if (after && (otherKey < key || (otherKey == key && other < token))) {
        key = otherKey;
        token = other;
      }
    }
    uint me = lane();
    binLow[me] = key;
    binHigh[me] = token;
    barrier();
    for (uint half_ = THREADS / 2; half_ > 0; half_ /= 2) {
      if (me < half_) {
        uint otherKey = binLow[me + half_];
        uint other = binHigh[me + half_];
        if (otherKey < binLow[me] || (otherKey == binLow[me] && other < binHigh[me])) {
          binLow[me] = otherKey;
          binHigh[me] = other;
        }
      }
      barrier();
    }
    lastKey = binLow[0];
    lastToken = binHigh[0];
    if (me == 0) {
      results.at[gl_WorkGroupID.x].topIds[rank] = lastToken;
      results.at[gl_WorkGroupID.x].topLogits[rank] = logitOf(lastKey);
    }
    barrier();
  }
}
