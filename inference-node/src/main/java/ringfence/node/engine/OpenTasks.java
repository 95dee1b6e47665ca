package ringfence.node.engine;

import java.util.ArrayList;
import java.util.List;

/// The tasks that have not ended, in order of arrival, and when the next of their deadlines passes.
final class OpenTasks {
  private final List<RunningTask> tasks = new ArrayList<>();

  /// No deadline is before it; counts while there are tasks.
  private long nextDeadline;

  void add(RunningTask task) {
    if (tasks.isEmpty() || isBefore(task, nextDeadline)) {
      nextDeadline = task.task.deadlineNanos();
    }
    tasks.add(task);
  }

  void remove(RunningTask task) {
    tasks.remove(task);
  }

  List<RunningTask> all() {
    return List.copyOf(tasks);
  }

  /// True when a deadline may have passed since [#lookedAt()].
  boolean mayHaveExpired(long nowNanos) {
    return untilDeadline(nowNanos) == 0;
  }

  /// Those whose deadline has passed were removed.
  void lookedAt() {
    for (int i = 0; i < tasks.size(); i++) {
      if (i == 0 || isBefore(tasks.get(i), nextDeadline)) {
        nextDeadline = tasks.get(i).task.deadlineNanos();
      }
    }
  }

  /// Nanoseconds; of tasks that have ended meanwhile too.
  long untilDeadline(long nowNanos) {
    return tasks.isEmpty() ? Long.MAX_VALUE : Math.max(0, nextDeadline - nowNanos);
  }

  private static boolean isBefore(RunningTask task, long deadlineNanos) {
    return task.task.deadlineNanos() - deadlineNanos < 0;
  }
}
