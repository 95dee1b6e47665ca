#version 460
// Asks a device whether linked phases work on it: each workgroup checks what the phase before left,
// and leaves numbers of its own.
#pragma use_vulkan_memory_model
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#define VULKAN_MEMORY
#include "link.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint SHARED = 64;  // words, so that phases differ in what they take

layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer Numbers { uint v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Wrong { uint v[]; };

layout(push_constant) uniform Push {
  uint64_t before;     // [groupsBefore]
  uint64_t numbers;    // [groups]
  uint64_t wrong;
  uint groupsBefore;
  uint phase;
  LINK_ARGUMENTS
};

shared uint room[SHARED];

uint number(uint phase, uint group) {
  uint x = (phase * 0x9E3779B1u) ^ (group * 0x85EBCA77u) ^ 0x27D4EB2Fu;
  x ^= x >> 15;
  return x * 0x2C1B3C6Du | 1u;
}

void main() {
  const uint group = gl_WorkGroupID.x;
  const uint i = gl_LocalInvocationIndex;
  room[i % SHARED] = number(phase, group);
  barrier();
  // Some take their time.
  uint delay = room[0];
  if (group % 97 == 0) {
    for (uint n = 0; n < 2000; n++) {
      delay = delay * 1664525u + 1013904223u;
    }
  }
  phase_begin()
  for (uint at = i; at < groupsBefore; at += gl_WorkGroupSize.x) {
    if (Numbers(before).v[at] != number(phase - 1, at)) {
      atomicAdd(Wrong(wrong).v[0], 1u);
    }
  }
  if (i == 0) {
    // Never 0, which no number is, so that nothing is left out.
    Numbers(numbers).v[group] = delay == 0 ? 0 : number(phase, group);
  }
  phase_end()
}
