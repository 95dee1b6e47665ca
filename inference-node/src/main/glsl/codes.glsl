// Bytes of codes to numbers.

vec4 code_floats(uint bytes) {
  return vec4(bytes & 0xFFu, (bytes >> 8) & 0xFFu, (bytes >> 16) & 0xFFu, bytes >> 24);
}

#ifdef HALVES
// Bytes 0 and 2 of a word as float16 numbers 1024 + byte: their bits are those of the number's
// mantissa.
f16vec2 code_halves(uint word) {
  return unpackFloat2x16((word & 0x00FF00FFu) | 0x64006400u);
}
#endif
