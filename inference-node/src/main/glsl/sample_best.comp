#version 450
// The highest logit of each part of each row, the lowest id among equals, and whether all of the
// model's own logits are finite. [splits, draws] workgroups.
#include "sample.glsl"

shared float bests[THREADS];
shared uint tokens[THREADS];
shared uint bads[THREADS];
shared float highests[THREADS];

void main() {
  uint me = gl_LocalInvocationID.x;
  Draw draw = Draws(arguments.draws).at[gl_WorkGroupID.y];
  if ((draw.flags & UNUSED) != 0) {
    return;
  }
  Floats logits = row(draw);
  Floats candidates = choosable(draw);
  bool adjusted = (draw.flags & ADJUSTED) != 0;
  uint part = (draw.vocabulary + arguments.splits - 1) / arguments.splits;
  uint end = min(draw.vocabulary, (gl_WorkGroupID.x + 1) * part);
  float best = uintBitsToFloat(0xFF800000u);
  float highest = best;
  uint token = 0xFFFFFFFFu;
  uint bad = 0;
  for (uint i = gl_WorkGroupID.x * part + me; i < end; i += THREADS) {
    float logit = logits.at[i];
    bad |= isFinite(logit) ? 0 : 1;
    highest = max(highest, logit);
    if (adjusted) {
      logit = candidates.at[i];
    }
    if (logit > best || token == 0xFFFFFFFFu) {
      best = logit;
      token = i;
    }
  }
  bests[me] = best;
  tokens[me] = token;
  bads[me] = bad;
  highests[me] = highest;
  barrier();
  for (uint half_ = THREADS / 2; half_ > 0; half_ /= 2) {
    if (me < half_) {
      float other = bests[me + half_];
      uint otherToken = tokens[me + half_];
      if (other > bests[me] || (other == bests[me] && otherToken < tokens[me])) {
        bests[me] = other;
        tokens[me] = otherToken;
      }
      bads[me] |= bads[me + half_];
      highests[me] = max(highests[me], highests[me + half_]);
    }
    barrier();
  }
  if (me == 0) {
    Parts(arguments.parts).at[gl_WorkGroupID.y * arguments.splits + gl_WorkGroupID.x] =
        Part(bests[0], tokens[0], bads[0], highests[0]);
  }
}
