package ringfence.node.engine;

/// A submitted task, from any thread.
public interface Answer {

  /// Frees its sequences and pages at the next step; the listener hears nothing more than its last
  /// call.
  void cancel();

  /// The listener's `ready()` has become true again.
  void readerReady();
}
