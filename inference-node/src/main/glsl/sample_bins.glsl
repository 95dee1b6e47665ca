// Bins with a count of tokens and the sum of their weights, and the search for the bin in which a
// running sum reaches a goal. A workgroup's own.

const uint BINS = 1024;
const uint MOST_SUBGROUPS = 256;

shared uint binCount[BINS];
shared uint binLow[BINS];
shared uint binHigh[BINS];
shared uint groupCount[MOST_SUBGROUPS];
shared uvec2 groupMass[MOST_SUBGROUPS];

// What `cross` finds: the bin, and what is in the bins before it and in itself.
shared uint foundBin;
shared uint foundBefore;
shared uvec2 foundMassBefore;
shared uint foundCount;
shared uvec2 foundMass;

const uint COUNT_REACHES = 0; // the count is at least the goal
const uint MASS_REACHES = 1;  // the sum is at least the goal
const uint MASS_EXCEEDS = 2;  // the sum is above the goal

uint lane() {
  return gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
}

void clearBins(uint bins) {
  for (uint i = gl_LocalInvocationID.x; i < bins; i += THREADS) {
    binCount[i] = 0;
    binLow[i] = 0;
    binHigh[i] = 0;
  }
  barrier();
}

void addTo(uint bin, uint count, uvec2 mass) {
  atomicAdd(binCount[bin], count);
  if (mass.x != 0) {
    uint before = atomicAdd(binLow[bin], mass.x);
    mass.y += before + mass.x < before ? 1 : 0;
  }
  if (mass.y != 0) {
    atomicAdd(binHigh[bin], mass.y);
  }
}

// Sums over a subgroup's lanes up to and including each: in limbs of 20 bits, which can't overflow.
uvec2 inclusiveMass(uvec2 mass) {
  uint a = subgroupInclusiveAdd(mass.x & 0xFFFFFu);
  uint b = subgroupInclusiveAdd((mass.x >> 20) | ((mass.y & 0xFFu) << 12));
  uint c = subgroupInclusiveAdd(mass.y >> 8);
  return add(add(uvec2(a, 0), uvec2(b << 20, b >> 12)), uvec2(0, c << 8));
}

bool crosses(uint kind, uint goalCount, uvec2 goalMass, uint count, uvec2 mass) {
  return kind == COUNT_REACHES
      ? count >= goalCount
      : kind == MASS_REACHES ? !below(mass, goalMass) : below(goalMass, mass);
}

// Finds the first bin at whose end the running count, or sum, reaches the goal; the last one that
// holds anything when none does. Barriers before and after; returns the count and sum of all bins.
void cross(uint bins, uint kind, uint goalCount, uvec2 goalMass, out uint allCount, out uvec2 allMass) {
  barrier();
  uint me = lane();
  uint each = (bins + THREADS - 1) / THREADS;
  uint count = 0;
  uvec2 mass = uvec2(0);
  for (uint i = me * each; i < min(bins, (me + 1) * each); i++) {
    count += binCount[i];
    mass = add(mass, uvec2(binLow[i], binHigh[i]));
  }
  uint countTo = subgroupInclusiveAdd(count);
  uvec2 massTo = inclusiveMass(mass);
  if (gl_SubgroupInvocationID == gl_SubgroupSize - 1) {
    groupCount[gl_SubgroupID] = countTo;
    groupMass[gl_SubgroupID] = massTo;
  }
  if (me == 0) {
    foundBin = 0xFFFFFFFFu;
  }
  barrier();
  uint countBefore = countTo - count;
  uvec2 massBefore = subtract(massTo, mass);
  allCount = 0;
  allMass = uvec2(0);
  for (uint group = 0; group < gl_NumSubgroups; group++) {
    if (group < gl_SubgroupID) {
      countBefore += groupCount[group];
      massBefore = add(massBefore, groupMass[group]);
    }
    allCount += groupCount[group];
    allMass = add(allMass, groupMass[group]);
  }
  for (uint i = me * each; i < min(bins, (me + 1) * each); i++) {
    uint inBin = binCount[i];
    uvec2 massInBin = uvec2(binLow[i], binHigh[i]);
    uint countAfter = countBefore + inBin;
    uvec2 massAfter = add(massBefore, massInBin);
    bool last = inBin > 0 && countAfter == allCount;
    if (inBin > 0
        && (crosses(kind, goalCount, goalMass, countAfter, massAfter) || last)
        && (countBefore == 0 || !crosses(kind, goalCount, goalMass, countBefore, massBefore))) {
      foundBin = i;
      foundBefore = countBefore;
      foundMassBefore = massBefore;
      foundCount = inBin;
      foundMass = massInBin;
    }
    countBefore = countAfter;
    massBefore = massAfter;
  }
  barrier();
}
