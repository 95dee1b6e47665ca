package ringfence.router.serving;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import ringfence.router.Alarms;

/// Alarms on the system's clock: one thread waits for them, others run them.
final class TimerAlarms implements Alarms, AutoCloseable {
  private final ScheduledThreadPoolExecutor timer;
  private final Executor executor;

  TimerAlarms(Executor executor) {
    this.executor = executor;
    timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("router-alarms").daemon().factory());
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public Alarm after(long nanos, Runnable task) {
    try {
      var waiting = timer.schedule(() -> executor.execute(task), nanos, TimeUnit.NANOSECONDS);
      return () -> waiting.cancel(false);
    } catch (RejectedExecutionException closed) {
      return () -> {};
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
