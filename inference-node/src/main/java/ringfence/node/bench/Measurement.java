package ringfence.node.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What is measured: a line of the table.
public sealed interface Measurement {

  /// For people.
  String label();

  /// One run. Of a decoding run the median step counts.
  double tokensPerSecond(Contestant contestant);

  /// A prompt into an empty context.
  record Prefill(int tokens) implements Measurement {
    @Override
    public String label() {
      return "prefill, " + tokens + " tokens";
    }

    @Override
    public double tokensPerSecond(Contestant contestant) {
      return tokens / contestant.prefill(tokens);
    }
  }

  /// A token for each of some sequences, each after `context` tokens.
  record Decode(int sequences, int context) implements Measurement {
    @Override
    public String label() {
      return "decode, "
          + sequences
          + (sequences == 1 ? " sequence" : " sequences")
          + (context == Contestant.DECODE_CONTEXT ? "" : " of " + context + " tokens");
    }

    /// The more sequences, the fewer steps are needed to tell.
    int steps() {
      return Math.max(8, (int) (MOST_STEPS / Math.sqrt(sequences)));
    }

    @Override
    public double tokensPerSecond(Contestant contestant) {
      return sequences / median(contestant.decode(sequences, context, steps()));
    }
  }

  /// Steps of the longest decoding run.
  int MOST_STEPS = 64;

  /// Prefill of each length, then decoding with each number of sequences.
  static List<Measurement> of(List<Integer> prompts, List<Integer> batches, int context) {
    List<Measurement> all = new ArrayList<>();
    prompts.forEach(tokens -> all.add(new Prefill(tokens)));
    batches.forEach(sequences -> all.add(new Decode(sequences, context)));
    return all;
  }

  /// The middle of the numbers in order, or the mean of the two in the middle.
  static double median(double[] numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
