#version 460
// Any number of tokens on any device, in float32: weights are unpacked into shared memory, a tile
// of 64 columns at a time, and each of 128 threads sums up 4 rows x 4 tokens of the workgroup's 64 x
// 32. Uses no subgroup operations and 24 KiB of shared memory. Each result is summed in the order of
// its columns, whatever the number of tokens.
#include "matrix.glsl"

layout(local_size_x = 128) in;

const uint ROWS = 64;
const uint TOKENS = 32;
const uint DEPTH = 64;

shared vec4 stagedWeights[DEPTH * ROWS / 4];   // [column][row]
shared vec4 stagedInputs[DEPTH * TOKENS / 4];  // [column][token]

void main() {
  const uint thread = gl_LocalInvocationID.x;
  const uint columnTiles = (columns + 63) / 64;
  const uint rowTiles = (rows + 15) / 16;
  const uint tokenTiles = (tokens + TOKENS - 1) / TOKENS;
  const uint firstToken = gl_WorkGroupID.x % tokenTiles * TOKENS;
  const uint firstRowTile = gl_WorkGroupID.x / tokenTiles * (ROWS / 16);
  const uint lane = thread & 31;
  const uint g = lane >> 2;
  const uint t = lane & 3;
  const uint rowTile = min(firstRowTile + (thread >> 5), rowTiles - 1);
  const uint rowQuad = thread % (ROWS / 4);
  const uint tokenQuad = thread / (ROWS / 4);
  const uint matrices = GATE != 0 ? 2 : 1;

  vec4 sums[2][4];  // [matrix][token], four rows each
  [[unroll]] for (uint i = 0; i < 4; i++) {
    sums[0][i] = vec4(0.0);
    sums[1][i] = vec4(0.0);
  }
  for (uint column = 0; column < columnTiles; column++) {
    [[unroll]] for (uint matrix = 0; matrix < 2; matrix++) {
      if (matrix < matrices) {
        const Weights w =
            weights_at(matrix == 0 ? weights : upWeights, rowTiles, columnTiles);
        const Tile b = tile_load(w, rowTile * columnTiles + column, lane);
        barrier();
        if (matrix == 0) {
          // Thread i brings column i % 64 of tokens i / 64, i / 64 + 2, ...
          const uint at = column * 64 + thread % DEPTH;
          [[unroll]] for (uint i = 0; i < TOKENS; i += 8) {
            vec4 x;
            [[unroll]] for (uint j = 0; j < 4; j++) {
              const uint token = firstToken + i + thread / DEPTH * 4 + j;
              x[j] = at < columns && token < tokens
                  ? PassedFloats(inputs).v[token * inputStride + at] : 0.0;
            }
            stagedInputs[thread % DEPTH * (TOKENS / 4) + i / 4 + thread / DEPTH] = x;
          }
        }
        [[unroll]] for (uint row = 0; row < 2; row++) {
          const uint inRows = (thread >> 5) * 16 + g + 8 * row;
          [[unroll]] for (uint step = 0; step < 4; step++) {
            const vec4 four = tile_weights(b, row, step);
            const uint from = step * 16 + 2 * t;
            stagedWeights[from * (ROWS / 4) + inRows / 4][inRows % 4] = four.x;
            stagedWeights[(from + 8) * (ROWS / 4) + inRows / 4][inRows % 4] = four.y;
            stagedWeights[(from + 1) * (ROWS / 4) + inRows / 4][inRows % 4] = four.z;
            stagedWeights[(from + 9) * (ROWS / 4) + inRows / 4][inRows % 4] = four.w;
          }
        }
        barrier();
        for (uint k = 0; k < DEPTH; k++) {
          const vec4 four = stagedWeights[k * (ROWS / 4) + rowQuad];
          const vec4 x = stagedInputs[k * (TOKENS / 4) + tokenQuad];
          [[unroll]] for (uint i = 0; i < 4; i++) {
            sums[matrix][i] += four * x[i];
          }
        }
      }
    }
  }
  const uint row = firstRowTile * 16 + rowQuad * 4;
  [[unroll]] for (uint i = 0; i < 4; i++) {
    const uint token = firstToken + tokenQuad * 4 + i;
    write_two(token, row, sums[0][i].xy, sums[1][i].xy);
    write_two(token, row + 2, sums[0][i].zw, sums[1][i].zw);
  }
}
