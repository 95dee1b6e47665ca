package ringfence.node.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.ComputeTruth.GreedyPrompt;
import ringfence.node.model.Model;

/// Greedy answers of real models equal transformers' wherever those are decided: the best logit is
/// further above the next than the backend's arithmetic can move them.
///
/// The answers are given to the backend with their prompts, and what it would have chosen at each
/// place is compared; a place where both may differ so leaves the rest of the answer comparable.
public abstract class GreedyTruth {
  private static final int PAGE_TOKENS = 16;
  private static final int BATCH_TOKENS = 1024;

  /// Batches are filled up to this, for speed; a longer prompt has one of its own.
  private static final int FULL_BATCH = 512;

  protected abstract Backend open(Model model, BackendOptions options);

  /// Of the best logit over the next: above this the choice must be the truth's.
  protected abstract double decidedMargin();

  /// Of so many of SmolLM2's prompts one is answered; 1: all. Those of other models are always all.
  protected int oneOf() {
    return 1;
  }

  @Test
  void smolLm2AnswersAsTransformers() {
    check(TestModel.SMOLLM2, oneOf());
  }

  @Test
  @Tag("large")
  void qwenCoderAnswersAsTransformers() {
    check(TestModel.QWEN_CODER, 1);
  }

  @Test
  @Tag("large")
  void gemmaAnswersAsTransformers() {
    check(TestModel.GEMMA, 1);
  }

  protected final void check(TestModel which, int oneOf) {
    List<GreedyPrompt> all = ComputeTruth.greedy(which);
    assertThat(all).hasSizeGreaterThanOrEqualTo(20);
    List<GreedyPrompt> prompts =
        IntStream.range(0, all.size()).filter(i -> i % oneOf == 0).mapToObj(all::get).toList();
    Findings findings = new Findings(decidedMargin());
    long start = System.nanoTime();
    ComputeTruth.withModel(
        which.file(),
        model -> {
          BackendOptions options =
              new BackendOptions(2 * BATCH_TOKENS / PAGE_TOKENS, PAGE_TOKENS, BATCH_TOKENS, 1);
          try (Backend backend = open(model, options)) {
            answer(backend, new Logits(model.spec().vocabulary()), prompts, findings);
          }
        });
    System.out.println(
        which.name() + ": " + findings + " in %.1f s".formatted((System.nanoTime() - start) / 1e9));
    assertThat(findings.wrong).isEmpty();
    assertThat(findings.decided).isGreaterThan(20 * prompts.size());
  }

  private static void answer(
      Backend backend, Logits logits, List<GreedyPrompt> prompts, Findings findings) {
    int next = 0;
    while (next < prompts.size()) {
      int first = next;
      List<Batch.Run> runs = new ArrayList<>();
      int tokens = 0;
      int page = 0;
      while (next < prompts.size()
          && (runs.isEmpty() || tokens + length(prompts.get(next)) <= FULL_BATCH)) {
        GreedyPrompt prompt = prompts.get(next++);
        int pages = Math.ceilDiv(length(prompt), PAGE_TOKENS);
        runs.add(run(prompt, IntStream.range(page, page + pages).toArray()));
        page += pages;
        tokens += length(prompt);
      }
      backend.forward(new Batch(runs), logits);
      int row = 0;
      for (GreedyPrompt prompt : prompts.subList(first, next)) {
        for (int i = 0; i < prompt.answer().length; i++) {
          findings.compare(prompt, i, logits.row(row++));
        }
      }
    }
  }

  /// The answer's last token is not computed: nothing comes after it.
  private static int length(GreedyPrompt prompt) {
    return prompt.prompt().length + prompt.answer().length - 1;
  }

  private static Batch.Run run(GreedyPrompt prompt, int[] pages) {
    int[] tokens =
        IntStream.concat(IntStream.of(prompt.prompt()), IntStream.of(prompt.answer()))
            .limit(length(prompt))
            .toArray();
    return new Batch.Run(tokens, 0, pages, prompt.answer().length);
  }

  /// What came of the comparison.
  private static final class Findings {
    private final double decidedMargin;
    private final List<String> wrong = new ArrayList<>();
    private int places;
    private int decided;
    private int different;
    private double largestDifferentMargin;
    private double largestDifference;

    Findings(double decidedMargin) {
      this.decidedMargin = decidedMargin;
    }

    void compare(GreedyPrompt prompt, int index, float[] row) {
      places++;
      double margin = prompt.margins()[index];
      if (margin > decidedMargin) {
        decided++;
      }
      if (best(row) != prompt.answer()[index]) {
        different++;
        largestDifferentMargin = Math.max(largestDifferentMargin, margin);
        if (margin > decidedMargin) {
          wrong.add(
              "%s, place %d: %d in place of %d, margin %.3f"
                  .formatted(prompt.kind(), index, best(row), prompt.answer()[index], margin));
        }
      }
      double total = logOfSum(row);
      for (int i = 0; i < prompt.topIds()[index].length; i++) {
        double logProb = row[prompt.topIds()[index][i]] - total;
        largestDifference =
            Math.max(largestDifference, Math.abs(logProb - prompt.topLogProbs()[index][i]));
      }
    }

    @Override
    public String toString() {
      return ("%d places, %d decided (margin over %s), %d different (largest margin %.4f), "
              + "log probabilities of the best eight differ by at most %.2g")
          .formatted(
              places, decided, decidedMargin, different, largestDifferentMargin, largestDifference);
    }
  }

  private static int best(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }

  private static double logOfSum(float[] row) {
    double highest = row[best(row)];
    double sum = 0;
    for (float logit : row) {
      sum += Math.exp(logit - highest);
    }
    return highest + Math.log(sum);
  }
}
