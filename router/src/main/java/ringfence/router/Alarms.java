package ringfence.router;

/// Calls back later, on the clock that everything here goes by. A simulation turns it by hand.
public interface Alarms {

  /// Runs the task once, no sooner than after that time, on a thread of its own choosing and never
  /// from within this call.
  Alarm after(long nanos, Runnable task);

  /// A task that is yet to run.
  interface Alarm {
    /// It need not run any more; it may run all the same when it is just about to.
    void cancel();
  }
}
