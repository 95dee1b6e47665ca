// Numbers as the file has them: rows that begin at `stored`, a row `rowBytes` after the other, in
// blocks of any size at any alignment. Exactly one FORMAT_* macro is defined. Each quantised format
// gives, for the row whose first byte is `row`,
//
//   uint stored_code(row, column)             the number's code
//   uint stored_scale(row, tile, both)        the entry in the plane of scales for 64 columns, of
//                                             which the second half may be missing
//   uint stored_minimum(row, tile, both)      with MINIMA, the entry in the plane of minima
//   uint stored_super(row, tile)              with SUPERS, the entry in the plane of supers
#include "memory.glsl"

uint byte_at(uint at) {
  return Words(stored).v[at >> 2] >> (8 * (at & 3)) & 0xFFu;
}

uint half_at(uint at) {
  return byte_at(at) | byte_at(at + 1) << 8;
}

uint word_at(uint at) {
  return half_at(at) | half_at(at + 2) << 16;
}

#if defined(FORMAT_F32) || defined(FORMAT_F16) || defined(FORMAT_BF16)
#define PLAIN

#elif defined(FORMAT_Q8_0)
const uint BLOCK_BYTES = 34;

uint stored_code(uint row, uint column) {
  return byte_at(row + column / 32 * BLOCK_BYTES + 2 + column % 32);
}

uint stored_scale(uint row, uint tile, bool both) {
  const uint at = row + 2 * tile * BLOCK_BYTES;
  return half_at(at) | (both ? half_at(at + BLOCK_BYTES) << 16 : 0u);
}

#elif defined(FORMAT_Q4_K) || defined(FORMAT_Q5_K)
#define SUPERS
#ifdef FORMAT_Q4_K
const uint BLOCK_BYTES = 144;
const uint NIBBLES = 16;
#else
const uint BLOCK_BYTES = 176;
const uint NIBBLES = 48;
const uint FIFTH = 16;
#endif

// Two runs of 32 share 32 bytes of nibbles; bit `run` of 32 other bytes is the fifth.
uint stored_code(uint row, uint column) {
  const uint at = row + column / 256 * BLOCK_BYTES;
  const uint run = column % 256 / 32;
  uint code = byte_at(at + NIBBLES + run / 2 * 32 + column % 32) >> (4 * (run & 1)) & 0xFu;
#ifdef FORMAT_Q5_K
  code |= (byte_at(at + FIFTH + column % 32) >> run & 1u) << 4;
#endif
  return code;
}

// Eight times two six-bit numbers in 12 bytes.
uint stored_scale(uint row, uint tile, bool both) {
  const uint quarter = tile & 3;
  const uint at = row + tile / 4 * BLOCK_BYTES + 4 + 2 * (quarter & 1);
  const uint first = half_at(at);
  const uint second = half_at(at + 4);
  if (quarter < 2) {
    return (first & 0x3F3Fu) | (second & 0x3F3Fu) << 16;
  }
  const uint third = half_at(at + 8);
  return (third & 0x0F0Fu) | (first >> 2 & 0x3030u)
      | ((third >> 4 & 0x0F0Fu) | (second >> 2 & 0x3030u)) << 16;
}

uint stored_super(uint row, uint tile) {
  return word_at(row + tile / 4 * BLOCK_BYTES);
}

#elif defined(FORMAT_Q6_K)
#define SUPERS
const uint BLOCK_BYTES = 210;

uint stored_code(uint row, uint column) {
  const uint at = row + column / 256 * BLOCK_BYTES;
  const uint upper = column % 256 / 128;
  const uint i = column % 128;
  return (byte_at(at + 64 * upper + i % 64) >> (4 * (i / 64)) & 0xFu)
      | (byte_at(at + 128 + 32 * upper + i % 32) >> (2 * (i / 32)) & 3u) << 4;
}

uint stored_scale(uint row, uint tile, bool both) {
  return word_at(row + tile / 4 * BLOCK_BYTES + 192 + 4 * (tile & 3));
}

uint stored_super(uint row, uint tile) {
  return half_at(row + tile / 4 * BLOCK_BYTES + 208);
}

#elif defined(FORMAT_Q2_K) || defined(FORMAT_Q3_K)
#define SUPERS
#ifdef FORMAT_Q2_K
const uint BLOCK_BYTES = 84;
const uint PAIRS = 16;
#else
const uint BLOCK_BYTES = 110;
const uint PAIRS = 32;
#endif

uint stored_code(uint row, uint column) {
  const uint at = row + column / 256 * BLOCK_BYTES;
  const uint run = column % 256 / 32;
  uint code = byte_at(at + PAIRS + run / 4 * 32 + column % 32) >> (2 * (run & 3)) & 3u;
#ifdef FORMAT_Q3_K
  code |= (byte_at(at + column % 32) >> run & 1u) << 2;
#endif
  return code;
}

uint stored_scale(uint row, uint tile, bool both) {
  const uint at = row + tile / 4 * BLOCK_BYTES;
  const uint quarter = tile & 3;
#ifdef FORMAT_Q2_K
  return word_at(at + 4 * quarter);
#else
  // Six bits in two places, less 32 as signed bytes: the sixth turns around and is carried on.
  const uint low = word_at(at + 96 + 4 * (quarter & 1)) >> (4 * (quarter / 2)) & 0x0F0F0F0Fu;
  const uint high = word_at(at + 104) >> (2 * quarter) & 0x03030303u;
  const uint turned = (low | high << 4) ^ 0x20202020u;
  const uint sign = turned & 0x20202020u;
  return turned | sign << 1 | sign << 2;
#endif
}

uint stored_super(uint row, uint tile) {
  const uint at = row + tile / 4 * BLOCK_BYTES;
#ifdef FORMAT_Q2_K
  return word_at(at + 80);
#else
  return half_at(at + 108);
#endif
}

#elif defined(FORMAT_IQ4_XS)
#define SUPERS
const uint BLOCK_BYTES = 136;

uint stored_code(uint row, uint column) {
  const uint at = row + column / 256 * BLOCK_BYTES + 8 + column % 256 / 32 * 16;
  return byte_at(at + column % 16) >> (4 * (column % 32 / 16)) & 0xFu;
}

// Two signed bytes, of which four bits stand in one place and two in another.
uint stored_scale(uint row, uint tile, bool both) {
  const uint at = row + tile / 4 * BLOCK_BYTES;
  const uint quarter = tile & 3;
  const uint low = byte_at(at + 4 + quarter);
  const uint high = half_at(at + 2) >> (4 * quarter);
  const uint two = (low & 0xFu) | (low >> 4) << 8 | (high & 3u) << 4 | (high >> 2 & 3u) << 12;
  const uint turned = two ^ 0x2020u;
  const uint sign = turned & 0x2020u;
  return (turned | sign << 1 | sign << 2) & 0xFFFFu;
}

uint stored_super(uint row, uint tile) {
  return half_at(row + tile / 4 * BLOCK_BYTES);
}

#else
// Blocks of 32: byte `i` of 16 holds numbers `i` and `i + 16`.
#if defined(FORMAT_Q4_0) || defined(FORMAT_IQ4_NL)
const uint BLOCK_BYTES = 18;
const uint NIBBLES = 2;
#elif defined(FORMAT_Q4_1)
#define MINIMA
const uint BLOCK_BYTES = 20;
const uint NIBBLES = 4;
#elif defined(FORMAT_Q5_0)
#define FIFTH 2
const uint BLOCK_BYTES = 22;
const uint NIBBLES = 6;
#elif defined(FORMAT_Q5_1)
#define MINIMA
#define FIFTH 4
const uint BLOCK_BYTES = 24;
const uint NIBBLES = 8;
#elif defined(FORMAT_MXFP4)
const uint BLOCK_BYTES = 17;
const uint NIBBLES = 1;
#else
#error "no FORMAT_* is defined"
#endif

uint stored_code(uint row, uint column) {
  const uint at = row + column / 32 * BLOCK_BYTES;
  const uint i = column % 32;
  uint code = byte_at(at + NIBBLES + i % 16) >> (4 * (i / 16)) & 0xFu;
#ifdef FIFTH
  code |= (byte_at(at + FIFTH + i / 8) >> (i % 8) & 1u) << 4;
#endif
  return code;
}

uint scale_of(uint at) {
#ifdef FORMAT_MXFP4
  // 2^(exponent - 128) as a bfloat16; the lowest two are subnormal.
  const uint exponent = byte_at(at);
  return exponent < 2 ? 0x20u << exponent : (exponent - 1) << 7;
#else
  return half_at(at);
#endif
}

uint stored_scale(uint row, uint tile, bool both) {
  const uint at = row + 2 * tile * BLOCK_BYTES;
  return scale_of(at) | (both ? scale_of(at + BLOCK_BYTES) << 16 : 0u);
}

#ifdef MINIMA
uint stored_minimum(uint row, uint tile, bool both) {
  return stored_scale(row + 2, tile, both);
}
#endif
#endif
