package ringfence.node.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Runs of each measurement, one contestant after the other within each run, so that what else the
/// machine does strikes both alike.
public final class Comparison {
  private final List<Contestant> contestants;
  private final List<Measurement> measurements;
  private final Duration busy;
  private final @Nullable GpuClock clock;

  /// By measurement, then by contestant: tokens per second of each run.
  private final Map<Measurement, List<List<Double>>> runs = new LinkedHashMap<>();

  /// The lowest clock over all runs of a measurement.
  private final Map<Measurement, Integer> clocks = new LinkedHashMap<>();

  /// @param ours the first column
  /// @param others the next ones, each with ours' ratio to it
  /// @param busy how long each contestant does the same, uncounted, right before each counted run:
  ///   a GPU's clock needs a second to climb
  /// @param clock the GPU's, where it tells
  public Comparison(
      Contestant ours,
      List<Contestant> others,
      List<Measurement> measurements,
      Duration busy,
      @Nullable GpuClock clock) {
    this.contestants = Stream.concat(Stream.of(ours), others.stream()).toList();
    this.measurements = List.copyOf(measurements);
    this.busy = busy;
    this.clock = clock;
  }

  /// Runs everything without counting it: compilers, page cache and clocks settle.
  public void warmUp(int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (Contestant contestant : contestants) {
        for (Measurement measurement : measurements) {
          measurement.tokensPerSecond(contestant);
        }
      }
    }
  }

  /// Runs every measurement once for each contestant. The one that goes first changes from run to
  /// run.
  public void run() {
    for (Measurement measurement : measurements) {
      List<List<Double>> all =
          runs.computeIfAbsent(
              measurement,
              each ->
                  contestants.stream().map(c -> (List<Double>) new ArrayList<Double>()).toList());
      int done = all.getFirst().size();
      for (int turn = 0; turn < contestants.size(); turn++) {
        int which = (turn + done) % contestants.size();
        all.get(which).add(count(measurement, contestants.get(which)));
      }
    }
  }

  private double count(Measurement measurement, Contestant contestant) {
    long began = System.nanoTime();
    while (System.nanoTime() - began < busy.toNanos()) {
      measurement.tokensPerSecond(contestant);
    }
    long start = System.nanoTime();
    double result = measurement.tokensPerSecond(contestant);
    if (clock != null) {
      OptionalInt lowest = clock.lowest(start);
      lowest.ifPresent(megahertz -> clocks.merge(measurement, megahertz, Math::min));
    }
    return result;
  }

  /// A Markdown table of the medians, in tokens per second over all sequences, with the lowest and
  /// highest run, and the medians of the runs' ratios of ours to the others.
  public String table() {
    StringBuilder table = new StringBuilder("| tokens/s |");
    for (int i = 0; i < contestants.size(); i++) {
      table.append(' ').append(contestants.get(i).name()).append(i == 0 ? " |" : " | ratio |");
    }
    table.append(clock == null ? "\n" : " SM MHz |\n");
    int columns = 2 * contestants.size() - 1 + (clock == null ? 0 : 1);
    table.append("| --- |").append(" --- |".repeat(columns)).append('\n');
    runs.forEach((measurement, all) -> {
      table.append("| ").append(measurement.label()).append(" |");
      for (int i = 0; i < all.size(); i++) {
        table.append(' ').append(summary(all.get(i))).append(" |");
        if (i > 0) {
          table.append(" %.2f |".formatted(ratio(all.getFirst(), all.get(i))));
        }
      }
      if (clock != null) {
        table.append(' ').append(clockOf(clock, measurement)).append(" |");
      }
      table.append('\n');
    });
    return table.toString();
  }

  private String clockOf(GpuClock watched, Measurement measurement) {
    Integer megahertz = clocks.get(measurement);
    if (megahertz == null) {
      return "?";
    }
    return megahertz + (watched.isTooLow(megahertz) ? " (too low: not to be used)" : "");
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
