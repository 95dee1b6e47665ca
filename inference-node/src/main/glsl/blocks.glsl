// What the pass reads and writes through addresses.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_explicit_arithmetic_types : require
#extension GL_EXT_control_flow_attributes : require
#include "link.glsl"

// A kernel that wants its loads where it has written them says `nonprivate` here: these don't pass a
// barrier for buffers.
#ifndef BLOCK_ACCESS
#define BLOCK_ACCESS
#endif

layout(buffer_reference, std430, buffer_reference_align = 4) BLOCK_ACCESS buffer Words { uint v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) BLOCK_ACCESS buffer Floats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) BLOCK_ACCESS buffer Float2s { vec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) BLOCK_ACCESS buffer Float4s { vec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) BLOCK_ACCESS buffer Word2s { uvec2 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) BLOCK_ACCESS buffer Word4s { uvec4 v[]; };

layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer PassedWords { uint v[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) PASSED buffer PassedFloats { float v[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) PASSED buffer PassedFloat4s { vec4 v[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) PASSED buffer PassedWord2s { uvec2 v[]; };

const uint NOBODY = 0xFFFFFFFFu;

// Two numbers as halves, the first in the low bits. By conversion, which rounds to nearest:
// packHalf2x16 may cut off.
uint halves(float a, float b) {
#ifdef FLOAT16
  return packFloat2x16(f16vec2(float16_t(a), float16_t(b)));
#else
  return packHalf2x16(vec2(a, b));
#endif
}

// Eight halves.
void widen(uvec4 halves, out vec4 low, out vec4 high) {
  low = vec4(unpackHalf2x16(halves.x), unpackHalf2x16(halves.y));
  high = vec4(unpackHalf2x16(halves.z), unpackHalf2x16(halves.w));
}
