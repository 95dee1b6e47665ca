package ringfence.node.engine;

import java.util.ArrayList;
import java.util.List;

/// Tokens per second of prefill, and of decoding by batch size, over the last half minute or so of
/// work: older work counts for less, exponentially.
final class SpeedMeter {
  private static final double MEMORY_SECONDS = 30;

  /// Batch sizes up to 2^16.
  private static final int SIZES = 17;

  private final Rate prefill = new Rate();
  private final Rate[] decode = new Rate[SIZES];

  SpeedMeter() {
    for (int i = 0; i < SIZES; i++) {
      decode[i] = new Rate();
    }
  }

  /// A step that took so long. Of one that did both, decoding is charged what it costs alone, once
  /// that is known, and the rest is prefill.
  void add(int decoded, int prompt, double seconds) {
    Rate rate = decode[size(decoded)];
    if (prompt == 0) {
      rate.add(decoded, seconds);
    } else if (decoded == 0) {
      prefill.add(prompt, seconds);
    } else if (rate.perSecond() > 0) {
      double rest = seconds - decoded / rate.perSecond();
      if (rest > 0) {
        prefill.add(prompt, rest);
      }
    }
  }

  /// Tokens decoded while a batch of this size ran, and their part of its time.
  void decoded(int batch, int tokens, double seconds) {
    decode[size(batch)].add(tokens, seconds);
  }

  /// A prompt's tokens and their time.
  void prompt(int tokens, double seconds) {
    prefill.add(tokens, seconds);
  }

  /// Each batch size that has been measured.
  List<EngineStats.Speed> speeds() {
    List<EngineStats.Speed> speeds = new ArrayList<>();
    for (int i = 0; i < SIZES; i++) {
      if (decode[i].perSecond() > 0) {
        speeds.add(new EngineStats.Speed(1 << i, decode[i].perSecond(), prefill.perSecond()));
      }
    }
    if (speeds.isEmpty() && prefill.perSecond() > 0) {
      speeds.add(new EngineStats.Speed(1, 0, prefill.perSecond()));
    }
    return speeds;
  }

  private static int size(int sequences) {
    int exponent = 32 - Integer.numberOfLeadingZeros(Math.max(sequences, 1) - 1);
    return Math.min(exponent, SIZES - 1);
  }

  private static final class Rate {
    private double tokens;
    private double seconds;

    void add(int newTokens, double newSeconds) {
      double keep = Math.exp(-newSeconds / MEMORY_SECONDS);
      tokens = tokens * keep + newTokens;
      seconds = seconds * keep + newSeconds;
    }

    double perSecond() {
      return seconds > 0 ? tokens / seconds : 0;
    }
  }
}
