// The rows of the KV store: one head at one position, as halves, or with KV8 as bytes, a float scale
// for 32 of them behind them all. Needs HEAD_SIZE and KV8, and blocks.glsl.

const uint KV_EIGHTS = (HEAD_SIZE + 7u) / 8u;
const uint KV_SCALES = (KV_EIGHTS + 3u) / 4u;

// Words of a row of bytes; even, so that pairs of words are aligned.
const uint KV_WORDS = 2u * KV_EIGHTS + (KV_SCALES + 1u) / 2u * 2u;

vec4 kvNumbers(uint bytes) {
  int word = int(bytes);
  return vec4(
      bitfieldExtract(word, 0, 8),
      bitfieldExtract(word, 8, 8),
      bitfieldExtract(word, 16, 8),
      bitfieldExtract(word, 24, 8));
}

uint kvBytes(vec4 numbers) {
  uvec4 q = uvec4(ivec4(roundEven(clamp(numbers, -127.0, 127.0)))) & 0xFFu;
  return q.x | (q.y << 8) | (q.z << 16) | (q.w << 24);
}

uvec4 kvHalves(uvec2 bytes, float scale) {
  vec4 a = kvNumbers(bytes.x) * scale;
  vec4 b = kvNumbers(bytes.y) * scale;
  return uvec4(halves(a.x, a.y), halves(a.z, a.w), halves(b.x, b.y), halves(b.z, b.w));
}

// Eight numbers of a row as they lie there: halves, or bytes and their scale.
uvec4 kvLoad(Word4s pages, uint row, uint vector) {
  if (KV8 == 0u) {
    return pages.v[row * KV_EIGHTS + vector];
  }
  uvec2 bytes = Word2s(pages).v[row * (KV_WORDS / 2u) + vector];
  uint scale = Words(pages).v[row * KV_WORDS + 2u * KV_EIGHTS + vector / 4u];
  return uvec4(bytes, scale, 0u);
}

// Bytes of a row.
const uint KV_ROW_BYTES = KV8 == 0u ? KV_EIGHTS * 16u : KV_WORDS * 4u;

// As kvLoad(), of a row given by its address, vector `lane + fixed`. What is fixed, a multiple of
// four, is no part of the address that is computed.
uvec4 kvLoadAt(uint64_t row, uint lane, uint fixed_) {
  if (KV8 == 0u) {
    return Word4s(row + lane * 16u).v[fixed_];
  }
  uvec2 bytes = Word2s(row + lane * 8u).v[fixed_];
  uint scale = Words(row + KV_EIGHTS * 8u + lane / 4u * 4u).v[fixed_ / 4u];
  return uvec4(bytes, scale, 0u);
}

// What kvLoad() gave, as halves.
uvec4 kvWiden(uvec4 loaded) {
  return KV8 == 0u ? loaded : kvHalves(loaded.xy, uintBitsToFloat(loaded.z));
}

// Eight numbers of a row, as halves.
uvec4 kvRead(Word4s pages, uint row, uint vector) {
  return kvWiden(kvLoad(pages, row, vector));
}

// Writes eight numbers of a row as bytes.
//
// most: the largest of the 32 that they are among
uvec2 kvWriteBytes(Word4s pages, uint row, uint vector, vec4 a, vec4 b, float most) {
  float inverse = most > 0.0 ? 127.0 / most : 0.0;
  uvec2 bytes = uvec2(kvBytes(a * inverse), kvBytes(b * inverse));
  Word2s(pages).v[row * (KV_WORDS / 2u) + vector] = bytes;
  if (vector % 4u == 0u) {
    Words(pages).v[row * KV_WORDS + 2u * KV_EIGHTS + vector / 4u] = floatBitsToUint(most / 127.0);
  }
  return bytes;
}

float kvLargest(vec4 a, vec4 b) {
  vec4 m = max(abs(a), abs(b));
  return max(max(m.x, m.y), max(m.z, m.w));
}
