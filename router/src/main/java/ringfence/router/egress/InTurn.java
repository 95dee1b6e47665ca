package ringfence.router.egress;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/// Runs tasks one after the other, in the order in which they came. It holds as many as its callers
/// give it.
final class InTurn {
  private final Executor executor;
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private boolean busy;

  InTurn(Executor executor) {
    this.executor = executor;
  }

  void later(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
      if (busy) {
        return;
      }
      busy = true;
    }
    executor.execute(this::work);
  }

  /// Runs a task before this returns, unless others are being run: then after them.
  void now(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
      if (busy) {
        return;
      }
      busy = true;
    }
    work();
  }

  private void work() {
    while (true) {
      Runnable task;
      synchronized (tasks) {
        task = tasks.poll();
        if (task == null) {
          busy = false;
          return;
        }
      }
      task.run();
    }
  }
}
