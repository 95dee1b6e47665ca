#version 460
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_buffer_reference : require

// Which elements of a 16 x 16 matrix A each lane of a subgroup holds: loads a matrix whose elements are their own
// indices and writes down what each lane got. Then the way back: fills a matrix element by element with the same
// indices and stores it; what comes out must be what went in.

layout(local_size_x_id = 0) in;

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Halves { float16_t at[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Words { uint at[]; };

layout(push_constant) uniform Push {
  Halves indices; // [256]: 0, 1, 2, ...
  Halves back;    // [256]
  Words table;    // [0]: elements a lane; [1]: lanes; from [2]: [lane][MOST] indices
};

const uint MOST = 64;

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA> loaded;
  coopMatLoad(loaded, indices.at, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
  uint count = loaded.length();
  if (gl_SubgroupInvocationID == 0) {
    table.at[0] = count;
    table.at[1] = gl_SubgroupSize;
  }
  coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA> filled;
  for (uint i = 0; i < count && i < MOST; i++) {
    uint index = uint(loaded[i]);
    table.at[2 + gl_SubgroupInvocationID * MOST + i] = index;
    filled[i] = float16_t(index);
  }
  coopMatStore(filled, back.at, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
}
