package ringfence.node.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.ComputeTruth.KlText;
import ringfence.node.model.Model;

/// The mean Kullback-Leibler divergence of a backend's next-token distributions from transformers'
/// in float32, over a text of prose, code and figures, in nats.
///
/// Of the truth the 64 best tokens of each position are kept; all others count as one.
public abstract class KlTruth {
  private static final int PAGE_TOKENS = 16;
  private static final int MOST_TOKENS = 512;

  protected abstract Backend open(Model model, BackendOptions options);

  /// The largest mean that is right for the backend's arithmetic.
  protected abstract double allowed(TestModel model);

  /// Tokens of the text to read; fewer where the backend is slow.
  protected int mostTokens() {
    return MOST_TOKENS;
  }

  /// Tokens of a pass: kernels differ with their number.
  protected int passTokens() {
    return MOST_TOKENS;
  }

  private interface Reader {
    void row(int position, float[] logits);
  }

  @Test
  void smolLm2IsCloseToTransformers() {
    check(TestModel.SMOLLM2);
  }

  @Test
  @Tag("large")
  void qwenCoderIsCloseToTransformers() {
    check(TestModel.QWEN_CODER);
  }

  @Test
  @Tag("large")
  void gemmaIsCloseToTransformers() {
    check(TestModel.GEMMA);
  }

  private void check(TestModel which) {
    KlText text = ComputeTruth.klText(which);
    int[] ids = Arrays.copyOf(text.ids(), Math.min(mostTokens(), text.ids().length));
    List<Double> divergences = new ArrayList<>();
    ComputeTruth.withModel(
        which.file(),
        model -> {
          read(
              this::open,
              model,
              ids,
              passTokens(),
              (i, row) -> divergences.add(bucketed(text.topIds()[i], text.topLogProbs()[i], row)));
        });
    double mean = divergences.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double worst = divergences.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    System.out.println(
        which.name()
            + (": mean KL %.3g, largest %.3g over %d tokens".formatted(mean, worst, ids.length)));
    assertThat(mean).isLessThanOrEqualTo(allowed(which));
  }

  /// The mean divergence of one backend from another over the model's text, of whole distributions.
  protected static double meanDivergence(
      TestModel which, BackendOpener truth, BackendOpener other) {
    int[] ids = ComputeTruth.klText(which).ids();
    double[] sum = new double[1];
    ComputeTruth.withModel(
        which.file(),
        model -> {
          float[][] expected = new float[ids.length][];
          read(truth, model, ids, MOST_TOKENS, (i, row) -> expected[i] = row.clone());
          read(other, model, ids, MOST_TOKENS, (i, row) -> sum[0] += whole(expected[i], row));
        });
    return sum[0] / ids.length;
  }

  private static void read(
      BackendOpener opener, Model model, int[] ids, int passTokens, Reader reader) {
    int pages = MOST_TOKENS / PAGE_TOKENS;
    BackendOptions options = new BackendOptions(pages, PAGE_TOKENS, MOST_TOKENS, 1);
    Logits logits = new Logits(model.spec().vocabulary());
    try (Backend backend = opener.open(model, options)) {
      int[] all = IntStream.range(0, pages).toArray();
      for (int at = 0; at < ids.length; at += passTokens) {
        int[] part = Arrays.copyOfRange(ids, at, Math.min(ids.length, at + passTokens));
        backend.forward(new Batch(List.of(new Batch.Run(part, at, all, part.length))), logits);
        for (int i = 0; i < part.length; i++) {
          reader.row(at + i, logits.row(i));
        }
      }
    }
  }

  private static double bucketed(int[] topIds, float[] topLogProbs, float[] row) {
    double total = logOfSum(row);
    double divergence = 0;
    double truthLeft = 1;
    double actualLeft = 1;
    for (int i = 0; i < topIds.length; i++) {
      double truth = topLogProbs[i];
      double actual = row[topIds[i]] - total;
      divergence += Math.exp(truth) * (truth - actual);
      truthLeft -= Math.exp(truth);
      actualLeft -= Math.exp(actual);
    }
    // Of a sure position nothing but rounding is left outside the best.
    if (truthLeft > 1e-6 && actualLeft > 1e-6) {
      divergence += truthLeft * Math.log(truthLeft / actualLeft);
    }
    return divergence;
  }

  private static double whole(float[] expected, float[] actual) {
    double expectedTotal = logOfSum(expected);
    double actualTotal = logOfSum(actual);
    double divergence = 0;
    for (int i = 0; i < expected.length; i++) {
      double truth = expected[i] - expectedTotal;
      divergence += Math.exp(truth) * (truth - (actual[i] - actualTotal));
    }
    return divergence;
  }

  private static double logOfSum(float[] row) {
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
