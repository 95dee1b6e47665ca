#version 450
// Draws a token from each row. One workgroup a draw, after sample_best.
//
// The filters keep the first so many tokens in the order of keys, and weights fall in that order: so
// a filter is a sum of weights at which it cuts, the least of these is the weight of all that is
// kept, and the token is the first at which the running sum exceeds the random number's part of it.
// Each such search goes down the key's bytes, from bin to bin, over the few tokens that a first,
// coarse pass over the row leaves.
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "sample.glsl"
#include "sample_bins.glsl"

const uint MOST_CANDIDATES = 2048;
// Bins of a coarse pass: this many a unit of distance.
const float COARSE = 32.0;

shared uint candidateKey[MOST_CANDIDATES];
shared uint candidateToken[MOST_CANDIDATES];
shared uint candidates;
shared uint sumLow;
shared uint sumHigh;

Draw draw;
Floats logits;
float highest;
// True when the shared arrays hold all tokens that a search may end at, else it reads the row.
bool few;
uint elements;

uint keyAt(uint i) {
  return few ? candidateKey[i] : keyOf(logits.at[i]);
}

uint tokenAt(uint i) {
  return few ? candidateToken[i] : i;
}

uvec2 weightOfKey(uint key) {
  return weightOf(distanceOf(logitOf(key), highest, draw.scale));
}

// Where a search ended: a key, how many tokens share it, and what comes before them.
struct Place {
  uint key;
  uint count;
  uint before;
  uvec2 massBefore;
};

Place search(uint kind, uint goalCount, uvec2 goalMass) {
  Place place = Place(0, 0, 0, uvec2(0));
  uint mask = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    clearBins(256);
    for (uint i = lane(); i < elements; i += THREADS) {
      uint key = keyAt(i);
      if ((key & mask) == place.key) {
        addTo((key >> shift) & 255, 1, weightOfKey(key));
      }
    }
    uint all;
    uvec2 allMass;
    cross(256, kind, goalCount - min(goalCount, place.before), below(goalMass, place.massBefore) ? uvec2(0) : subtract(goalMass, place.massBefore), all, allMass);
    place.key |= foundBin << shift;
    place.before += foundBefore;
    place.massBefore = add(place.massBefore, foundMassBefore);
    place.count = foundCount;
    mask |= 255u << shift;
    barrier();
  }
  return place;
}

// Of tokens of equal weight the smallest number whose sum reaches (or exceeds) the goal.
uint share(uint kind, uvec2 goal, uvec2 weight, uint most) {
  uint low = 1;
  uint high = most;
  while (low < high) {
    uint middle = (low + high) / 2;
    if (crosses(kind, 0, goal, 0, multiply(weight, middle))) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// The token of that rank, from 1 on, by rising id among those of a key.
uint tokenOf(uint key, uint rank) {
  uint token = 0;
  uint mask = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (draw.vocabulary <= 1u << shift && shift > 0) {
      mask |= 255u << shift;
      continue;
    }
    clearBins(256);
    for (uint i = lane(); i < elements; i += THREADS) {
      uint other = tokenAt(i);
      if (keyAt(i) == key && (other & mask) == token) {
        addTo((other >> shift) & 255, 1, uvec2(0));
      }
    }
    uint all;
    uvec2 allMass;
    cross(256, COUNT_REACHES, rank, uvec2(0), all, allMass);
    token |= foundBin << shift;
    rank -= foundBefore;
    mask |= 255u << shift;
    barrier();
  }
  return token;
}

// The sum of the weights that are at least `least_`.
uvec2 massFrom(uvec2 least_) {
  if (lane() == 0) {
    sumLow = 0;
    sumHigh = 0;
  }
  barrier();
  uvec2 mine = uvec2(0);
  for (uint i = lane(); i < elements; i += THREADS) {
    uvec2 weight = weightOfKey(keyAt(i));
    if (!below(weight, least_)) {
      mine = add(mine, weight);
    }
  }
  if (mine != uvec2(0)) {
    uint before = atomicAdd(sumLow, mine.x);
    atomicAdd(sumHigh, mine.y + (before + mine.x < before ? 1 : 0));
  }
  barrier();
  return uvec2(sumLow, sumHigh);
}

uint drawFiltered() {
  // How far down the order any search may go.
  clearBins(BINS);
  for (uint i = lane(); i < draw.vocabulary; i += THREADS) {
    float distance = distanceOf(logits.at[i], highest, draw.scale);
    uint bin = uint(min(distance * COARSE, float(BINS - 1)));
    addTo(bin, 1, weightOf(distance));
  }
  uint all;
  uvec2 total;
  uint limit = draw.topK == 0 ? draw.vocabulary : min(draw.topK, draw.vocabulary);
  bool topP = draw.topP != uvec2(0);
  uint lastBin;
  uint inReach;
  if (draw.topK != 0 || !topP) {
    cross(BINS, COUNT_REACHES, limit, uvec2(0), all, total);
  } else {
    cross(BINS, MASS_REACHES, 0, uvec2(0), all, total);
    uvec2 enough = fraction(total, draw.topP);
    cross(BINS, MASS_REACHES, 0, enough, all, total);
  }
  lastBin = foundBin;
  inReach = foundBefore + foundCount;
  barrier();
  if (draw.topK == 0 && !topP) {
    lastBin = min(lastBin, draw.minPBin);
    inReach = 0xFFFFFFFFu;
  }
  few = false;
  elements = draw.vocabulary;
  if (inReach <= MOST_CANDIDATES || inReach == 0xFFFFFFFFu) {
    if (lane() == 0) {
      candidates = 0;
    }
    barrier();
    for (uint i = lane(); i < draw.vocabulary; i += THREADS) {
      float logit = logits.at[i];
      uint bin = uint(min(distanceOf(logit, highest, draw.scale) * COARSE, float(BINS - 1)));
      if (bin <= lastBin) {
        uint place = atomicAdd(candidates, 1);
        if (place < MOST_CANDIDATES) {
          candidateKey[place] = keyOf(logit);
          candidateToken[place] = i;
        }
      }
    }
    barrier();
    if (candidates <= MOST_CANDIDATES) {
      few = true;
      elements = candidates;
    }
  }
  uvec2 kept = total;
  if (limit < draw.vocabulary) {
    Place place = search(COUNT_REACHES, limit, uvec2(0));
    kept = add(place.massBefore, multiply(weightOfKey(place.key), limit - place.before));
  }
  if (topP) {
    uvec2 enough = fraction(kept, draw.topP);
    if (enough == uvec2(0)) {
      enough = uvec2(1, 0);
    }
    Place place = search(MASS_REACHES, 0, enough);
    uvec2 weight = weightOfKey(place.key);
    uvec2 rest = below(enough, place.massBefore) ? uvec2(0) : subtract(enough, place.massBefore);
    kept = least(kept, add(place.massBefore, multiply(weight, share(MASS_REACHES, rest, weight, place.count))));
  }
  if (draw.minP != uvec2(0)) {
    kept = least(kept, massFrom(draw.minP));
  }
  uvec2 goal = fraction(kept, draw.uniform_);
  Place place = search(MASS_EXCEEDS, 0, goal);
  uvec2 weight = weightOfKey(place.key);
  uvec2 rest = below(goal, place.massBefore) ? uvec2(0) : subtract(goal, place.massBefore);
  return tokenOf(place.key, share(MASS_EXCEEDS, rest, weight, place.count));
}

// Without filters the running sum goes by rising id.
uint drawFromAll() {
  uint shift = 5;
  while ((draw.vocabulary - 1) >> shift >= BINS) {
    shift++;
  }
  clearBins(BINS);
  uint rounds = (draw.vocabulary + THREADS - 1) / THREADS;
  for (uint round_ = 0; round_ < rounds; round_++) {
    uint i = round_ * THREADS + lane();
    uvec2 weight = uvec2(0);
    uint one = 0;
    if (i < draw.vocabulary) {
      weight = weightOf(distanceOf(logits.at[i], highest, draw.scale));
      one = weight == uvec2(0) ? 0 : 1;
    }
    // A subgroup's tokens share a bin where it has no more than a bin's.
    if (gl_SubgroupSize <= 1u << shift) {
      uint low = subgroupAdd(weight.x & 0xFFFFFu);
      uint high = subgroupAdd((weight.x >> 20) | (weight.y << 12));
      one = subgroupAdd(one);
      weight = add(uvec2(low, 0), uvec2(high << 20, high >> 12));
      if (gl_SubgroupInvocationID != 0) {
        one = 0;
      }
    }
    if (one != 0) {
      addTo(i >> shift, one, weight);
    }
  }
  uint all;
  uvec2 total;
  cross(BINS, COUNT_REACHES, 1, uvec2(0), all, total);
  uvec2 goal = fraction(total, draw.uniform_);
  cross(BINS, MASS_EXCEEDS, 0, goal, all, total);
  uint first = foundBin << shift;
  uint end = min(draw.vocabulary, first + (1u << shift));
  uvec2 sum = foundMassBefore;
  barrier();
  uint bins = end - first;
  clearBins(bins);
  for (uint i = lane(); i < bins; i += THREADS) {
    uvec2 weight = weightOf(distanceOf(logits.at[first + i], highest, draw.scale));
    addTo(i, weight == uvec2(0) ? 0 : 1, weight);
  }
  cross(bins, MASS_EXCEEDS, 0, below(goal, sum) ? uvec2(0) : subtract(goal, sum), all, total);
  return first + foundBin;
}

void main() {
  draw = Draws(arguments.draws).at[gl_WorkGroupID.x];
  if ((draw.flags & UNUSED) != 0) {
    return;
  }
  logits = choosable(draw);
  highest = uintBitsToFloat(0xFF800000u);
  uint token = 0;
  uint bad = 0;
  Parts parts = Parts(arguments.parts);
  for (uint i = 0; i < arguments.splits; i++) {
    Part part = parts.at[gl_WorkGroupID.x * arguments.splits + i];
    bad |= part.bad;
    if (part.best > highest || i == 0) {
      highest = part.best;
      token = part.token;
    }
  }
  uint status = FINE;
  if (bad != 0) {
    status = NOT_FINITE;
  } else if (highest == uintBitsToFloat(0xFF800000u)) {
    status = NONE_ALLOWED;
  } else if ((draw.flags & GREEDY) == 0) {
    token = (draw.flags & KEEPS_ALL) != 0 ? drawFromAll() : drawFiltered();
  }
  if (lane() == 0) {
    Results results = Results(arguments.results);
    results.at[gl_WorkGroupID.x].token = token;
    results.at[gl_WorkGroupID.x].status = status;
    results.at[gl_WorkGroupID.x].logit = status == FINE ? row(draw).at[token] : 0;
  }
}
