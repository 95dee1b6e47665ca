package ringfence.router.fleet;

import org.jspecify.annotations.Nullable;

/// The while after a router's start in which nodes that are there may not have reported yet. Safe
/// for use by many threads.
final class FirstReports {
  private final long whileNanos;
  private volatile @Nullable Long sinceNanos;

  /// @param whileNanos from when nodes can report; 0: there is none
  FirstReports(long whileNanos) {
    this.whileNanos = whileNanos;
  }

  /// From now on nodes can report.
  void begin(long nowNanos) {
    sinceNanos = nowNanos;
  }

  /// What is left of it; before it has begun all of it is.
  long leftNanos(long nowNanos) {
    Long since = sinceNanos;
    return since == null ? whileNanos : Math.max(0, whileNanos - (nowNanos - since));
  }
}
