package ringfence.node.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.sampling.Adjustments;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.compute.sampling.Drawn;

/// Looks for races: the same sequences at the same batch sizes, again and again, must give the same
/// tokens with the same log probabilities, bit for bit, whatever ran before and wherever their keys
/// and values lie. Of a backend that says it is deterministic, whatever the batch size too.
///
/// Every second sequence is greedy, the others are drawn with a seed.
public final class RaceHunt {
  private static final int PROMPTS = 29;

  private final Backend backend;
  private final int vocabulary;
  private final Outputs outputs;

  /// What a sequence said: tokens, and the bits of their log probabilities.
  private record Said(int[] tokens, int[] logProbs) {
    Said(int length) {
      this(new int[length], new int[length]);
    }

    /// The first place where another one differs, or -1.
    int differsAt(Said other) {
      int token = Arrays.mismatch(tokens, other.tokens);
      int logProb = Arrays.mismatch(logProbs, other.logProbs);
      return token < 0 || logProb < 0 ? Math.max(token, logProb) : Math.min(token, logProb);
    }
  }

  /// A sequence that did not say the same again.
  ///
  /// @param run from 0
  /// @param offset of the first token that differs, or whose log probability does
  public record Finding(int run, int sequences, int sequence, int offset) {
    @Override
    public String toString() {
      return "run %d, %d sequences: sequence %d differs from token %d on"
          .formatted(run, sequences, sequence, offset);
    }
  }

  /// What came of it.
  ///
  /// @param tokens that were drawn
  public record Result(long tokens, List<Finding> findings) {}

  public RaceHunt(Backend backend, int vocabulary) {
    this.backend = backend;
    this.vocabulary = vocabulary;
    this.outputs = new Outputs(vocabulary, vocabulary);
  }

  /// Pages that a backend needs.
  public static int pages(int sequences, int tokens, int pageTokens) {
    return sequences * Math.ceilDiv(PROMPTS + tokens, pageTokens);
  }

  /// Runs all batch sizes in turn, so many times.
  ///
  /// @param tokens that each sequence says
  public Result hunt(List<Integer> batches, int tokens, int runs) {
    Map<List<Integer>, Said> first = new HashMap<>();
    List<Finding> findings = new ArrayList<>();
    long drawn = 0;
    for (int run = 0; run < runs; run++) {
      for (int sequences : batches) {
        List<Said> said = run(sequences, tokens, run);
        drawn += (long) sequences * tokens;
        for (int i = 0; i < sequences; i++) {
          List<Integer> key = backend.deterministic() ? List.of(i) : List.of(sequences, i);
          @Nullable Said before = first.putIfAbsent(key, said.get(i));
          int at = before == null ? -1 : before.differsAt(said.get(i));
          if (at >= 0) {
            findings.add(new Finding(run, sequences, i, at));
          }
        }
      }
    }
    return new Result(drawn, List.copyOf(findings));
  }

  private List<Said> run(int sequences, int tokens, int run) {
    int each = Math.ceilDiv(PROMPTS + tokens, backend.pageTokens());
    int[] pages = shuffled(sequences * each, run);
    List<Said> said = new ArrayList<>();
    List<Batch.Run> prompts = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      said.add(new Said(tokens));
      prompts.add(new Batch.Run(prompt(i), 0, own(pages, i, each), 1));
    }
    for (int from = 0; from < sequences; ) {
      int to = from + 1;
      int length = prompts.get(from).tokens().length;
      while (to < sequences
          && length + prompts.get(to).tokens().length <= backend.maxBatchTokens()) {
        length += prompts.get(to++).tokens().length;
      }
      step(prompts.subList(from, to), from, 0, said);
      from = to;
    }
    for (int offset = 1; offset < tokens; offset++) {
      List<Batch.Run> runs = new ArrayList<>();
      for (int i = 0; i < sequences; i++) {
        int[] last = {said.get(i).tokens()[offset - 1]};
        runs.add(new Batch.Run(last, prompt(i).length + offset - 1, own(pages, i, each), 1));
      }
      step(runs, 0, offset, said);
    }
    return said;
  }

  /// @param first the sequence of the first run
  private void step(List<Batch.Run> runs, int first, int offset, List<Said> said) {
    outputs.reset(runs.size());
    for (int i = 0; i < runs.size(); i++) {
      outputs.draw(i, draw(first + i, offset));
    }
    backend.forward(new Batch(runs), outputs, () -> false);
    for (int i = 0; i < runs.size(); i++) {
      switch (outputs.drawn(i)) {
        case Drawn.Token token -> {
          said.get(first + i).tokens()[offset] = token.id();
          said.get(first + i).logProbs()[offset] =
              Float.floatToRawIntBits(token.logProbs().getFirst().logProb());
        }
        case Drawn.Failure failure -> throw new IllegalStateException(failure.reason());
      }
    }
  }

  private static Draw draw(int sequence, int offset) {
    boolean greedy = sequence % 2 == 0;
    return new Draw(
        greedy ? 0 : 0.8f,
        greedy ? 0 : 40,
        greedy ? 1 : 0.95f,
        0,
        1000 + sequence,
        0,
        offset,
        Adjustments.none(),
        null,
        0);
  }

  private int[] prompt(int sequence) {
    int[] prompt = new int[1 + sequence * 7 % PROMPTS];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = (sequence * 131 + i * 17 + 3) % vocabulary;
    }
    return prompt;
  }

  private static int[] own(int[] pages, int sequence, int each) {
    return Arrays.copyOfRange(pages, sequence * each, (sequence + 1) * each);
  }

  private static int[] shuffled(int count, int run) {
    int[] pages = IntStream.range(0, count).toArray();
    Random random = new Random(run);
    for (int i = count - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int page = pages[i];
      pages[i] = pages[j];
      pages[j] = page;
    }
    return pages;
  }
}
