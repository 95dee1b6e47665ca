// A tile of 16 rows x 64 columns, as one of its 32 lanes sees it: WeightLayout.java describes the
// planes. Exactly one FORMAT_* macro is defined. Each format gives
//
//   struct Tile                                what a lane loads, held in registers
//   Tile tile_load(Weights, tile, lane)
//   vec4 tile_weights(Tile, row, step)         columns 2t, 2t+8, 2t+1, 2t+9 of row g + 8 * row in a
//                                              step of 16, the very numbers of Dequantizer.java
// and with QUANTISED, for packed integer dot products with activations of one scale for 32 columns,
//   uint  tile_codes(Tile, row, step)          four codes, in the order above
//   STEPS_A_SCALE                              1, or 2: the second's dot product goes to the first
//   float tile_dot(Tile, row, sums, scales)    from the dot products of the four steps, of at
//                                              most 20 bits, or with LARGE_SUMS 28
//   float tile_lowest(Tile, t, sums)           what offsets and minima take away, for row t % 2 and
//                                              columns 32 * (t / 2)...: `sums` are the scaled sums of
//                                              the activations of these two steps
// and with HALVES, for float16 fragments,
//   f16vec2 tile_pair(Tile, step, pair)        pair = row + 2 * (columns 2t+8, 2t+9 or 2t, 2t+1)
#include "memory.glsl"

#ifndef LARGE_SUMS
#define LARGE_SUMS false
#endif

// Two sums times their scales. As integers where they have room: conversions are slow.
float scaled_sums(int a, int scaleA, int b, int scaleB) {
  return LARGE_SUMS
      ? float(a) * float(scaleA) + float(b) * float(scaleB)
      : float(a * scaleA + b * scaleB);
}

float scaled_sum(int a, int scale) {
  return LARGE_SUMS ? float(a) * float(scale) : float(a * scale);
}

struct Weights {
  uint64_t codes;
  uint64_t upper;
  uint64_t scales;
  uint64_t supers;
};

#if defined(FORMAT_F32)
#include "tile_f32.glsl"
#elif defined(FORMAT_F16) || defined(FORMAT_BF16)
#include "tile_f16.glsl"
#else
#define QUANTISED
#if defined(FORMAT_Q8_0)
#include "tile_q8_0.glsl"
#elif defined(FORMAT_Q4_0) || defined(FORMAT_Q4_1) || defined(FORMAT_Q5_0) || defined(FORMAT_Q5_1)
#include "tile_q4_q5.glsl"
#elif defined(FORMAT_Q4_K) || defined(FORMAT_Q5_K)
#include "tile_q4_k_q5_k.glsl"
#elif defined(FORMAT_Q6_K)
#include "tile_q6_k.glsl"
#elif defined(FORMAT_Q2_K) || defined(FORMAT_Q3_K)
#include "tile_q2_k_q3_k.glsl"
#elif defined(FORMAT_IQ4_NL) || defined(FORMAT_IQ4_XS) || defined(FORMAT_MXFP4)
#include "tile_table.glsl"
#else
#error "no FORMAT_* is defined"
#endif
#endif

// The planes of a matrix that begins at `address`.
Weights weights_at(uint64_t address, uint rowTiles, uint columnTiles) {
  const uint64_t tiles = uint64_t(rowTiles) * uint64_t(columnTiles);
  Weights w;
  w.codes = address;
  w.upper = w.codes + tiles * CODE_BYTES;
  w.scales = w.upper + tiles * UPPER_BYTES;
  w.supers = w.scales + tiles * SCALE_BYTES;
  return w;
}
