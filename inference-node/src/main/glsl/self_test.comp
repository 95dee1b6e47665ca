#version 460
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_integer_dot_product : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#if HALF
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_16bit_storage : require
#endif

// What all kernels build on, computed on known values; the host knows the answers. Drivers get these wrong at times.

layout(local_size_x_id = 0) in;

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Words { uint at[]; };
#if HALF
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer Halves { float16_t at[]; };
#endif
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Answers { uint at[]; };

layout(push_constant) uniform Push {
  Words words;     // [local size]
  Answers answers; // [5][local size]
  uint factor;
};

shared uint turned[gl_WorkGroupSize.x];

void main() {
  uint i = gl_LocalInvocationIndex;
  uint n = gl_WorkGroupSize.x;
  uint word = words.at[i];

  answers.at[i] = word * factor;
  answers.at[n + i] = uint(dotPacked4x8AccSatEXT(int(word), int(0x80FF7F01u), int(i)));
  // The sums of all subgroups together are the sum of all words, however large a subgroup is.
  uint sum = subgroupAdd(word & 0xFFFFu);
  answers.at[2 * n + i] = subgroupElect() ? sum : 0u;
  // There and back.
  answers.at[3 * n + i] = subgroupShuffleXor(subgroupShuffleXor(word, 1u), 1u);

  turned[n - 1u - i] = word;
  barrier();
#if HALF
  float16_t low = Halves(words).at[2u * i];
  answers.at[4 * n + i] = turned[i] ^ floatBitsToUint(float(low) + 1.0);
#else
  answers.at[4 * n + i] = turned[i];
#endif
}
