// Phases that follow each other without a barrier between their dispatches: a phase's workgroups
// start while those of the one before still run, load what does not depend on it (weights), and
// then wait until all of its workgroups have counted themselves (PhaseChain.java says why that
// ends). Without LINKED there is a barrier, and nothing here costs anything.
//
// A kernel calls phase_begin() before it reads what an earlier phase wrote, and phase_end() when
// it has written all; both in uniform control flow. PASSED marks the buffers that go from phase to
// phase. LINK_ARGUMENTS ends the push constants.
#ifdef LINKED
#extension GL_KHR_memory_scope_semantics : require

#ifdef VULKAN_MEMORY
#define PASSED nonprivate
#define LINK_ACQUIRE (gl_SemanticsAcquire | gl_SemanticsMakeVisible)
#define LINK_RELEASE (gl_SemanticsRelease | gl_SemanticsMakeAvailable)
#define LINK_BOTH \
  (gl_SemanticsAcquireRelease | gl_SemanticsMakeVisible | gl_SemanticsMakeAvailable)
#else
#define PASSED coherent
#define LINK_ACQUIRE gl_SemanticsAcquire
#define LINK_RELEASE gl_SemanticsRelease
#define LINK_BOTH gl_SemanticsAcquireRelease
#endif

// A line of counters for each phase: how many of its workgroups are done, and in the first line
// whether a wait was given up.
layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer PhaseCounters {
  uint v[];
};
const uint LINK_LINE = 32;
const uint LINK_GIVEN_UP = 1;
// Looks at a counter, about half a microsecond each, before a wait is given up.
const uint LINK_MOST_LOOKS = 1u << 21;

#define LINK_ARGUMENTS \
  uint64_t phaseCounters; \
  uint phaseNumber;  /* from 0 */ \
  uint phaseAwaits;  /* workgroups of the phase before; 0: nothing to wait for */

// The barrier stands under no condition: drivers leave arrays that live across one that does in slow
// local memory. Looks are relaxed, and what they saw is acquired once.
#define phase_begin() \
  if (phaseAwaits != 0 && gl_LocalInvocationIndex == 0) { \
    const uint line = (phaseNumber - 1) * LINK_LINE; \
    uint seen = 0; \
    for (uint looks = 0; seen < phaseAwaits && looks < LINK_MOST_LOOKS; looks++) { \
      seen = atomicLoad(PhaseCounters(phaseCounters).v[line], gl_ScopeDevice, 0, 0); \
      if (looks % 64 == 63 && atomicLoad(PhaseCounters(phaseCounters).v[LINK_GIVEN_UP], \
              gl_ScopeDevice, 0, 0) != 0) { \
        break; \
      } \
    } \
    /* Not in the loop: a driver may end long ones by itself. */ \
    if (seen < phaseAwaits) { \
      atomicStore(PhaseCounters(phaseCounters).v[LINK_GIVEN_UP], 1u, gl_ScopeDevice, 0, 0); \
    } \
    memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, LINK_ACQUIRE); \
  } \
  controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsBuffer, LINK_BOTH);

#define phase_end() \
  controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsBuffer, LINK_BOTH); \
  if (gl_LocalInvocationIndex == 0) { \
    memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, LINK_RELEASE); \
    atomicAdd(PhaseCounters(phaseCounters).v[phaseNumber * LINK_LINE], 1u, gl_ScopeDevice, 0, 0); \
  }
#else
#define PASSED
#define LINK_ARGUMENTS
#define phase_begin()
#define phase_end()
#endif
