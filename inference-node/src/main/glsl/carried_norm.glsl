// The state of an RMS norm that products carry between them (CarriedNorm.java), in floats:
//
//   scales   [2][64]    by side and token: what the norm's input was multiplied with
//   squares  [64][512]  by token and part: sums of the squares of the numbers without weights
//
// Who leaves a norm's input behind multiplies with the scale of the norm before, as far as it is
// known by then; who takes it makes up for the difference, and hands on its own scale, a 128th of
// it: that much more room a half has for a stream that grows at once.
const uint CARRIED_TOKENS = 64;
const uint CARRIED_PARTS = 512;
const uint CARRIED_SQUARES = 2 * CARRIED_TOKENS;
const float CARRIED_SHARE = 1.0 / 128.0;
