package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Runs many seeds. `./mvnw -Psimulation -pl router -am test -DskipTests -Dseeds=100000`;
/// `-Dseed=4711` replays one.
public final class Seeds {
  private Seeds() {}

  /// A seed that fails, and how.
  record Failed(long seed, RuntimeException how) {}

  /// What came of it.
  record Outcome(Statistics statistics, @Nullable Failed failed) {}

  static Outcome run(long first, long count, int threads) throws InterruptedException {
    AtomicLong next = new AtomicLong(first);
    AtomicReference<Failed> failed = new AtomicReference<>();
    Statistics all = new Statistics();
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(
          Thread.ofPlatform()
              .start(() -> {
                Statistics mine = new Statistics();
                for (long seed = next.getAndIncrement();
                    seed < first + count && failed.get() == null;
                    seed = next.getAndIncrement()) {
                  Failed one = run(seed, mine);
                  if (one != null) {
                    failed.compareAndSet(null, one);
                  }
                }
                all.add(mine);
              }));
    }
    for (Thread worker : workers) {
      worker.join();
    }
    return new Outcome(all, failed.get());
  }

  static @Nullable Failed run(long seed, Statistics statistics) {
    try {
      Simulation simulation = new Simulation(seed);
      simulation.run();
      statistics.add(simulation.statistics);
      return null;
    } catch (RuntimeException how) {
      return new Failed(seed, how);
    }
  }

  /// The rule that breaks first within so many seeds; empty: none.
  public static String brokenRule(long seeds) {
    for (long seed = 1; seed <= seeds; seed++) {
      Failed failed = run(seed, new Statistics());
      if (failed != null) {
        return failed.how() instanceof Violation violation
            ? violation.rule.name()
            : failed.how().toString();
      }
    }
    return "";
  }

  public static void main(String... arguments) throws InterruptedException {
    String seed = System.getProperty("seed", "");
    long first = seed.isEmpty() ? 1 : Long.parseLong(seed);
    long count = seed.isEmpty() ? Long.getLong("seeds", 10_000) : 1;
    long began = System.nanoTime();
    Outcome outcome = run(first, count, Runtime.getRuntime().availableProcessors());
    double seconds = (System.nanoTime() - began) / 1e9;
    Failed failed = outcome.failed();
    if (failed != null) {
      System.out.println("seed " + failed.seed() + " fails: " + failed.how().getMessage());
      failed.how().printStackTrace(System.out);
      System.out.println("replay it with -Dseed=" + failed.seed());
      System.exit(1);
    }
    System.out.printf(
        "%d seeds in %.1f s (%.0f a second), every invariant held%n%s",
        count, seconds, count / seconds, outcome.statistics());
  }
}
