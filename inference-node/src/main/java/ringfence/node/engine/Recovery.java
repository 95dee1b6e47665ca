package ringfence.node.engine;

import java.time.Duration;

/// When a backend that failed is tried again, and when no more. Values in, values out.
final class Recovery {
  /// Losses in a row after which it is given up.
  static final int MOST_LOSSES = 6;

  /// Passes in a row that may run out of memory before the device counts as lost.
  static final int MOST_SHEDS = 4;

  private static final long FIRST_WAIT_NANOS = Duration.ofMillis(250).toNanos();

  /// Good steps after which earlier failures are forgotten.
  private static final int TRUSTED_STEPS = 1000;

  private int losses;
  private int sheds;
  private int goodSteps;
  private boolean down;
  private long dueNanos;

  /// The backend, or an attempt to restart it, failed.
  ///
  /// @return false when it is to be given up
  boolean lost(long nowNanos) {
    goodSteps = 0;
    sheds = 0;
    losses++;
    down = true;
    // The first attempt is made at once, the others twice as late each.
    dueNanos = losses == 1 ? nowNanos : nowNanos + (FIRST_WAIT_NANOS << (losses - 2));
    return losses <= MOST_LOSSES;
  }

  void restarted() {
    down = false;
  }

  /// A pass ran out of memory.
  ///
  /// @return false when smaller passes have not helped
  boolean shed() {
    goodSteps = 0;
    return ++sheds <= MOST_SHEDS;
  }

  /// A pass was computed.
  ///
  /// @return true when all is well again
  boolean stepped() {
    sheds = 0;
    if (++goodSteps == TRUSTED_STEPS) {
      losses = 0;
      return true;
    }
    return false;
  }

  boolean isDown() {
    return down;
  }

  /// Nanoseconds until the next attempt to restart.
  long waitNanos(long nowNanos) {
    return Math.max(0, dueNanos - nowNanos);
  }
}
