/// What a [Loop] does beside listening: it begins requests when they are due.
interface Work {
  /// Begins what is due.
  ///
  /// @return nanoseconds until something is due; it is asked sooner when something was heard
  long begin(long nowNanos);

  /// Whether there is nothing left to wait for.
  boolean isOver(long nowNanos);
}
