// What the sampling kernels share: the arguments of a draw, its result, the order of tokens and
// their weights.
//
// A weight is exp((logit - highest) / temperature) in fixed point with 40 bits behind the point, and
// sums of weights are 64-bit integers: they do not depend on the order of summing, so a draw does
// not depend on how a row is split, nor on its neighbours. A 64-bit integer is a uvec2, low word
// first, because devices need not have 64-bit arithmetic.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_control_flow_attributes : require

layout(constant_id = 0) const uint THREADS = 256;
layout(local_size_x_id = 0) in;

const uint GREEDY = 1;
const uint KEEPS_ALL = 2;
const uint ADJUSTED = 4;
const uint MASKED = 8;
const uint UNUSED = 16;

const uint FINE = 0;
const uint NOT_FINITE = 1;
const uint NONE_ALLOWED = 2;

const uint TOP = 20;

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint at[]; };

// As GpuSampler writes it.
struct Draw {
  uvec2 adjusted;   // address of the row with bias, penalties and mask
  uvec2 biases;     // address of (token, bias) pairs
  uvec2 seen;       // address of (token, count in the answer) pairs
  uvec2 mask;       // address of bits
  uvec2 uniform_;   // in units of 2^-64
  uvec2 topP;       // in units of 2^-64; 0 is off
  uvec2 minP;       // a weight; 0 is off
  uint row;
  uint flags;
  uint topK;        // 0 is off
  uint topLogProbs; // 0xFFFFFFFF is off
  float scale;      // 1 / temperature
  uint minPBin;     // a bin of weights all below minP
  uint biasCount;
  uint seenCount;
  uint maskWords;   // 32-bit ones
  float repetition;
  float frequency;
  float presence;
  uint vocabulary;
  uint pad;
};

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Draws { Draw at[]; };

// The best of a part of a row.
struct Part {
  float best;
  uint token;
  uint bad;
  float highest; // of the model's own
};

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Parts { Part at[]; };

struct Result {
  uint token;
  uint status;
  float logit;      // the model's own, of the drawn token
  float highest;    // the model's own
  uvec2 mass;       // of the model's own distribution, for log probabilities
  uint topIds[TOP];
  float topLogits[TOP];
};

layout(buffer_reference, std430, buffer_reference_align = 8) buffer Results { Result at[]; };

layout(push_constant, std430) uniform Arguments {
  uvec2 logits;     // [rows, stride]
  uvec2 draws;
  uvec2 parts;      // [draws, splits]
  uvec2 results;
  uint stride;
  uint splits;
} arguments;

Floats row(Draw draw) {
  uint carry;
  // A row may lie beyond 4 GiB.
  uint high, low;
  umulExtended(draw.row, arguments.stride * 4u, high, low);
  uint x = uaddCarry(arguments.logits.x, low, carry);
  return Floats(uvec2(x, arguments.logits.y + high + carry));
}

Floats choosable(Draw draw) {
  return (draw.flags & ADJUSTED) != 0 ? Floats(draw.adjusted) : row(draw);
}

bool isFinite(float value) {
  return (floatBitsToUint(value) & 0x7F800000u) != 0x7F800000u;
}

uvec2 add(uvec2 a, uvec2 b) {
  uint carry;
  uint low = uaddCarry(a.x, b.x, carry);
  return uvec2(low, a.y + b.y + carry);
}

// a - b, where a is at least b.
uvec2 subtract(uvec2 a, uvec2 b) {
  uint borrow;
  uint low = usubBorrow(a.x, b.x, borrow);
  return uvec2(low, a.y - b.y - borrow);
}

bool below(uvec2 a, uvec2 b) {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

uvec2 least(uvec2 a, uvec2 b) {
  return below(a, b) ? a : b;
}

// a * b / 2^64, rounded down.
uvec2 fraction(uvec2 a, uvec2 b) {
  uint h00, l00, h01, l01, h10, l10, h11, l11;
  umulExtended(a.x, b.x, h00, l00);
  umulExtended(a.x, b.y, h01, l01);
  umulExtended(a.y, b.x, h10, l10);
  umulExtended(a.y, b.y, h11, l11);
  uvec2 middle = add(uvec2(h00, 0), uvec2(l01, 0));
  middle = add(middle, uvec2(l10, 0));
  uvec2 high = add(uvec2(l11, h11), uvec2(h01, 0));
  high = add(high, uvec2(h10, 0));
  return add(high, uvec2(middle.y, 0));
}

// a * times, which fits.
uvec2 multiply(uvec2 a, uint times) {
  uint high, low;
  umulExtended(a.x, times, high, low);
  return uvec2(low, high + a.y * times);
}

// Rises with falling logit; 0 and -0 are equal.
uint keyOf(float logit) {
  int bits = floatBitsToInt(logit + 0.0);
  int rising = bits ^ ((bits >> 31) & 0x7FFFFFFF);
  return ~(uint(rising) ^ 0x80000000u);
}

float logitOf(uint key) {
  int rising = int(~key ^ 0x80000000u);
  return intBitsToFloat(rising ^ ((rising >> 31) & 0x7FFFFFFF));
}

// How far below the best one, in units of the temperature.
float distanceOf(float logit, float highest, float scale) {
  precise float distance = (highest - logit) * scale;
  return distance;
}

// exp(-distance) * 2^40. Additions and multiplications alone, each rounded as IEEE 754 says, so
// that every device has the same weights.
uvec2 weightOf(float distance) {
  if (!(distance < 29.0)) {
    return uvec2(0);
  }
  precise float power = floor(distance * -1.4426950408889634 + 0.5);
  precise float rest = -distance - power * 0.693359375;
  rest = rest + power * 2.12194440e-4;
  precise float sum = 1.9841270e-4;
  sum = sum * rest + 1.3888889e-3;
  sum = sum * rest + 8.3333333e-3;
  sum = sum * rest + 4.1666667e-2;
  sum = sum * rest + 1.6666667e-1;
  sum = sum * rest + 0.5;
  sum = sum * rest + 1.0;
  sum = sum * rest + 1.0;
  // 0.7 to 1.42: 24 bits behind the point make it whole.
  uint mantissa = uint(sum * 16777216.0);
  int shift = 16 + int(power);
  if (shift <= 0) {
    return uvec2(mantissa >> min(-shift, 31), 0);
  }
  return uvec2(mantissa << shift, mantissa >> (32 - shift));
}
