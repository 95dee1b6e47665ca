package ringfence.node.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runs of each measurement, one contestant after the other within each run, so that what else the
/// machine does strikes both alike.
public final class Comparison {
  private final List<Contestant> contestants;

  /// By measurement, then by contestant: tokens per second of each run.
  private final Map<Measurement, List<List<Double>>> runs = new EnumMap<>(Measurement.class);

  /// @param ours the first column
  /// @param peer the second, where there is one
  public Comparison(Contestant ours, @Nullable Contestant peer) {
    contestants = peer == null ? List.of(ours) : List.of(ours, peer);
  }

  /// Runs everything without counting it: compilers, page cache and clocks settle.
  public void warmUp(int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (Contestant contestant : contestants) {
        for (Measurement measurement : Measurement.values()) {
          measurement.tokensPerSecond(contestant);
        }
      }
    }
  }

  /// Runs every measurement once for each contestant. The one that goes first changes from run to
  /// run.
  public void run() {
    for (Measurement measurement : Measurement.values()) {
      List<List<Double>> all =
          runs.computeIfAbsent(
              measurement,
              each ->
                  contestants.stream().map(c -> (List<Double>) new ArrayList<Double>()).toList());
      int done = all.getFirst().size();
      for (int turn = 0; turn < contestants.size(); turn++) {
        int which = (turn + done) % contestants.size();
        all.get(which).add(measurement.tokensPerSecond(contestants.get(which)));
      }
    }
  }

  /// A Markdown table of the medians, in tokens per second over all sequences, with the lowest and
  /// highest run, and the median of the runs' ratios.
  public String table() {
    StringBuilder table = new StringBuilder("| tokens/s |");
    contestants.forEach(each -> table.append(' ').append(each.name()).append(" |"));
    table.append(contestants.size() == 2 ? " ratio |\n" : "\n");
    table.append("| --- |").append(" --- |".repeat(contestants.size() == 2 ? 3 : 1)).append('\n');
    runs.forEach((measurement, all) -> {
      table.append("| ").append(measurement.label()).append(" |");
      all.forEach(each -> table.append(' ').append(summary(each)).append(" |"));
      if (contestants.size() == 2) {
        table.append(" %.2f |".formatted(ratio(all.getFirst(), all.getLast())));
      }
      table.append('\n');
    });
    return table.toString();
  }

  private static String summary(List<Double> runs) {
    double[] numbers = runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return "%.1f (%.1f - %.1f)"
        .formatted(Measurement.median(numbers), numbers[0], numbers[numbers.length - 1]);
  }

  private static double ratio(List<Double> ours, List<Double> theirs) {
    double[] ratios = new double[ours.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = ours.get(i) / theirs.get(i);
    }
    return Measurement.median(ratios);
  }
}
