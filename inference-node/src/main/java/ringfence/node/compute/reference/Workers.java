package ringfence.node.compute.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Splits loops over threads. Each index is computed whole by one of them, so results do not depend
/// on how many there are.
final class Workers implements AutoCloseable {
  private final int threads;
  private final ExecutorService others;

  /// @param threads the calling one included
  Workers(int threads) {
    this.threads = threads;
    this.others =
        Executors.newFixedThreadPool(
            Math.max(1, threads - 1),
            Thread.ofPlatform().daemon().name("reference-worker-", 0).factory());
  }

  /// A part of a loop.
  interface Range {
    void run(int from, int to);
  }

  /// Runs a loop from 0 to `count`, in one contiguous range for each thread.
  void split(int count, Range range) {
    List<Future<?>> parts = new ArrayList<>();
    for (int part = 1; part < threads; part++) {
      int from = edge(count, part);
      int to = edge(count, part + 1);
      parts.add(others.submit(() -> range.run(from, to)));
    }
    try {
      range.run(0, edge(count, 1));
    } finally {
      // Also after a failure: nothing may still write when the caller goes on.
      join(parts);
    }
  }

  private int edge(int count, int part) {
    return (int) ((long) count * part / threads);
  }

  private static void join(List<Future<?>> parts) {
    boolean interrupted = false;
    RuntimeException failure = null;
    for (Future<?> part : parts) {
      while (true) {
        try {
          part.get();
          break;
        } catch (InterruptedException e) {
          interrupted = true; // The parts are short; go on and tell the caller afterwards.
        } catch (ExecutionException e) {
          failure = new IllegalStateException("a worker failed", e.getCause());
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void close() {
    others.shutdown();
  }
}
