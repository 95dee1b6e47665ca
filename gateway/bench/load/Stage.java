import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// What a time of open-loop load found, in milliseconds but for counts.
///
/// @param late by how much requests were sent after they were due
/// @param busy cores taken, by process
record Stage(
    int answers, int failed, int mostOpen, double first50, double first99, double last50, double last99, double late99, String busy) {

  /// Loads a target as a Poisson process: at equal distances, those of all streams' tokens that are due would coincide.
  ///
  /// @param seed of the arrivals
  static Stage run(Target target, int rate, int seconds, int seed, Timing timing, Processes processes) throws IOException {
    try (Loop loop = new Loop();
        Client client = target.client(loop, timing.tokens())) {
      Arrivals arrivals = new Arrivals(client, rate, rate * seconds, new Random(seed), timing, processes);
      loop.run(arrivals);
      return arrivals.found();
    }
  }

  private static final class Arrivals implements Work {
    private static final int MOST_OPEN = 4000;
    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Client client;
    private final double meanNanos;
    private final int total;
    private final Random random;
    private final Timing timing;
    private final Processes processes;
    private final Statistics first = new Statistics();
    private final Statistics last = new Statistics();
    private final Statistics late = new Statistics();
    private final Map<String, Double> busyBefore;
    private final long startNanos = System.nanoTime();
    private String busy = "";
    private double after;
    private long dueNanos;
    private long lastNanos;
    private int begun;
    private int open;
    private int mostOpen;
    private int failed;

    Arrivals(Client client, int rate, int total, Random random, Timing timing, Processes processes) {
      this.client = client;
      this.meanNanos = 1e9 / rate;
      this.total = total;
      this.random = random;
      this.timing = timing;
      this.processes = processes;
      this.busyBefore = processes.seconds();
      draw();
    }

    private void draw() {
      after += -Math.log(1 - random.nextDouble()) * meanNanos;
      dueNanos = startNanos + (long) after;
    }

    @Override
    public long begin(long nowNanos) {
      while (begun < total && dueNanos - nowNanos <= 0) {
        ask();
        draw();
        begun++;
        if (begun == total) {
          lastNanos = System.nanoTime();
          busy = processes.cores(busyBefore, (lastNanos - startNanos) / 1e9);
        }
      }
      return begun < total ? dueNanos - nowNanos : Long.MAX_VALUE;
    }

    private void ask() {
      if (open >= MOST_OPEN) {
        failed++;
        return;
      }
      late.add(System.nanoTime() - dueNanos);
      mostOpen = Math.max(mostOpen, ++open);
      client.ask(new Call(false, this::ended));
    }

    private void ended(Call call) {
      open--;
      if (call.answeredWith(timing.tokens())) {
        first.add(call.firstNanos() - timing.firstNanos());
        last.add(call.lastNanos() - timing.lastNanos());
      } else {
        failed++;
      }
    }

    @Override
    public boolean isOver(long nowNanos) {
      return begun == total && (open == 0 || nowNanos - lastNanos > END_NANOS);
    }

    /// What is open then has failed.
    Stage found() {
      return new Stage(
          first.count(), failed + open, mostOpen, first.quantile(0.5), first.quantile(0.99), last.quantile(0.5), last.quantile(0.99),
          late.quantile(0.99), busy);
    }
  }
}
