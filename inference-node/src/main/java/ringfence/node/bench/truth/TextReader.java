package ringfence.node.bench.truth;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.KvType;
import ringfence.node.compute.Logits;

/// Has a backend read a text, some tokens a pass.
final class TextReader {
  private static final int PAGE_TOKENS = 16;

  private TextReader() {}

  /// Gets the logits after each token of the text.
  @FunctionalInterface
  interface Rows {
    /// Gets one row.
    ///
    /// @param logits valid until this returns
    void row(int position, float[] logits);
  }

  /// What a backend needs to be opened with.
  static BackendOptions options(
      int tokens, int threads, boolean deterministic, String device, KvType kvType) {
    return new BackendOptions(
            Math.ceilDiv(tokens, PAGE_TOKENS), PAGE_TOKENS, tokens, threads, deterministic, device)
        .withKvType(kvType);
  }

  /// Reads a text.
  ///
  /// @param passTokens of one pass: kernels differ with their number
  static void read(Backend backend, int vocabulary, int[] ids, int passTokens, Rows rows) {
    Logits logits = new Logits(vocabulary);
    int[] pages = IntStream.range(0, Math.ceilDiv(ids.length, PAGE_TOKENS)).toArray();
    for (int at = 0; at < ids.length; at += passTokens) {
      int[] part = Arrays.copyOfRange(ids, at, Math.min(ids.length, at + passTokens));
      backend.forward(new Batch(List.of(new Batch.Run(part, at, pages, part.length))), logits);
      for (int i = 0; i < part.length; i++) {
        rows.row(at + i, logits.row(i));
      }
    }
  }

  /// The natural logarithm of the sum of their exponentials.
  static double logOfSum(float[] row) {
    double highest = Double.NEGATIVE_INFINITY;
    for (float logit : row) {
      highest = Math.max(highest, logit);
    }
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp(logit - highest);
    }
    return highest + Math.log(sum);
  }
}
