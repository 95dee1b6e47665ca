package ringfence.node.model;

import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.Tensor;

/// RoPE as a file's keys describe it, every kind of scaling folded into the frequencies.
///
/// Frequencies are computed in the order and precision that PyPI `transformers` uses (float32
/// powers, then their reciprocals), because at long positions a frequency's last bit shows in the
/// logits.
final class RopeReader {
  private static final String FACTORS = "rope_freqs.weight";

  /// Base of RoPE where the file names none (Su et al., 2021).
  private static final float DEFAULT_BASE = 10_000;

  /// YaRN's bounds in turns over the original context (Peng et al., 2023).
  private static final float DEFAULT_BETA_FAST = 32;

  private static final float DEFAULT_BETA_SLOW = 1;

  private final GgufFile file;
  private final Architecture architecture;
  private final Keys keys;
  private final int rotated;

  RopeReader(GgufFile file, Architecture architecture, Keys keys, int headSize) {
    this.file = file;
    this.architecture = architecture;
    this.keys = keys;
    this.rotated = keys.count("rope.dimension_count", 2, headSize, headSize);
    if (rotated % 2 != 0) {
      throw keys.problem("rope.dimension_count", "is " + rotated + "; it should be even");
    }
  }

  /// RoPE of layers that attend to all positions.
  Rope global() {
    float base = keys.positive("rope.freq_base", DEFAULT_BASE);
    float factor = keys.positive("rope.scaling.factor", keys.positive("rope.scale_linear", 1));
    // A factor without a type is linear: files from before types were written.
    String scaling = keys.text("rope.scaling.type", "linear");
    return switch (scaling) {
      case "none" -> rope(divided(frequencies(base), 1), 1);
      case "linear" -> rope(divided(frequencies(base), factor), 1);
      case "yarn" -> yarn(base, factor);
      default ->
          throw keys.problem(
              "rope.scaling.type",
              "is " + GgufException.quoted(scaling) + "; known are none, linear and yarn");
    };
  }

  /// RoPE of layers with a window: a base of their own, never scaled.
  Rope local() {
    return rope(frequencies(keys.positive("rope.freq_base_swa", DEFAULT_BASE)), 1);
  }

  private Rope rope(float[] inverseFrequencies, float magnitude) {
    for (float frequency : inverseFrequencies) {
      if (!Float.isFinite(frequency) || !Float.isFinite(magnitude)) {
        throw keys.problem("rope.freq_base", "and its scaling make no finite frequencies");
      }
    }
    return new Rope(architecture.pairing(), inverseFrequencies, magnitude);
  }

  /// `base ^ (-2i / rotated)` for each pair.
  private float[] frequencies(float base) {
    float[] frequencies = new float[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / power(base, i);
    }
    return frequencies;
  }

  private float power(float base, int pair) {
    return (float) StrictMath.pow(base, 2f * pair / rotated);
  }

  private float[] divided(float[] frequencies, float factor) {
    float[] factors = factors();
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= factor;
      frequencies[i] /= factors.length == 0 ? 1 : factors[i];
    }
    return frequencies;
  }

  /// Llama 3.1's divisor for each frequency, as the file has them; empty where it has none.
  private float[] factors() {
    Tensor tensor = architecture.frequencyFactors() ? file.find(FACTORS) : null;
    if (tensor == null) {
      return new float[0];
    }
    if (tensor.columns() != rotated / 2 || tensor.rows() != 1) {
      throw WeightsReader.misshapen(tensor, rotated / 2, 1);
    }
    float[] factors = new float[rotated / 2];
    Dequantizer.row(tensor, 0, factors, 0);
    for (float factor : factors) {
      if (!(factor > 0 && Float.isFinite(factor))) {
        throw new GgufException("tensor '" + FACTORS + "' holds " + factor + " as a divisor");
      }
    }
    return factors;
  }

  /// YaRN (Peng et al., 2023): pairs that turn often over the original context keep their
  /// frequency, those that turn seldom are slowed by `factor`, with a ramp between, and queries and
  /// keys grow with its logarithm.
  private Rope yarn(float base, float factor) {
    keys.refuse(
        "rope.scaling.yarn_log_multiplier", 0, "YaRN with a multiplier of its magnitude is");
    int original = keys.count("rope.scaling.original_context_length", 1, Integer.MAX_VALUE, 0);
    if (original == 0) {
      original = keys.count("context_length", Integer.MAX_VALUE);
    }
    double betaFast = keys.positive("rope.scaling.yarn_beta_fast", DEFAULT_BETA_FAST);
    double betaSlow = keys.positive("rope.scaling.yarn_beta_slow", DEFAULT_BETA_SLOW);
    double extrapolation = keys.positive("rope.scaling.yarn_ext_factor", 1);
    double low = Math.max(0, Math.floor(pairThatTurns(betaFast, original, base)));
    double high = Math.min(rotated - 1, Math.ceil(pairThatTurns(betaSlow, original, base)));
    double width = Math.max(0.001, high - low);

    float[] frequencies = new float[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double kept = extrapolation * (1 - Math.clamp((i - low) / width, 0, 1));
      double frequency = 1.0 / power(base, i);
      frequencies[i] = (float) (frequency / factor * (1 - kept) + frequency * kept);
    }
    double growth = factor <= 1 ? 1 : 1 + 0.1 * StrictMath.log(factor);
    return rope(
        divided(frequencies, 1), (float) (growth * keys.positive("rope.scaling.attn_factor", 1)));
  }

  /// The (fractional) pair that makes this many turns over the original context.
  private double pairThatTurns(double turns, int original, double base) {
    return rotated * StrictMath.log(original / (turns * 2 * Math.PI)) / (2 * StrictMath.log(base));
  }
}
