// A head's way from the projection to attention: RMS norm where the model has one, then RoPE.
// Needs HEAD_SIZE, PAIRS (rotated pairs), HALVED (the second element is PAIRS further on, else
// the next), NORMED.

// Where the two elements of a pair stand.
uvec2 pairAt(uint pair) {
  return HALVED != 0u ? uvec2(pair, pair + PAIRS) : uvec2(2u * pair, 2u * pair + 1u);
}

vec2 turned(vec2 x, vec2 turn) {
  return vec2(x.x * turn.x - x.y * turn.y, x.y * turn.x + x.x * turn.y);
}
