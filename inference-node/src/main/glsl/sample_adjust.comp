#version 450
// Rows with bias, penalties and mask: STEP 0 copies a row and masks it, 1 adds biases, 2 takes
// penalties off. One row of workgroups a draw.
#include "sample.glsl"

void main() {
  Draw draw = Draws(arguments.draws).at[gl_WorkGroupID.y];
  if ((draw.flags & ADJUSTED) == 0) {
    return;
  }
  Floats adjusted = Floats(draw.adjusted);
  uint first = gl_WorkGroupID.x * THREADS + gl_LocalInvocationID.x;
  uint step_ = gl_NumWorkGroups.x * THREADS;
#if STEP == 0
  Floats from = row(draw);
  Words mask = Words(draw.mask);
  bool masked = (draw.flags & MASKED) != 0;
  for (uint token = first; token < draw.vocabulary; token += step_) {
    float logit = from.at[token];
    if (masked) {
      uint word = token >> 5;
      bool allowed = word < draw.maskWords && ((mask.at[word] >> (token & 31)) & 1) != 0;
      // A logit that is no number stays one, to be noticed.
      logit = allowed ? logit : uintBitsToFloat(0xFF800000u);
    }
    adjusted.at[token] = logit;
  }
#elif STEP == 1
  Words biases = Words(draw.biases);
  for (uint i = first; i < draw.biasCount; i += step_) {
    uint token = biases.at[2 * i];
    if (token < draw.vocabulary) {
      adjusted.at[token] += uintBitsToFloat(biases.at[2 * i + 1]);
    }
  }
#else
  Words seen = Words(draw.seen);
  for (uint i = first; i < draw.seenCount; i += step_) {
    uint token = seen.at[2 * i];
    if (token >= draw.vocabulary) {
      continue;
    }
    uint count = seen.at[2 * i + 1];
    precise float logit = adjusted.at[token];
    logit = logit > 0 ? logit / draw.repetition : logit * draw.repetition;
    if (count > 0) {
      precise float off = float(count) * draw.frequency;
      off = off + draw.presence;
      logit = logit - off;
    }
    adjusted.at[token] = logit;
  }
#endif
}
