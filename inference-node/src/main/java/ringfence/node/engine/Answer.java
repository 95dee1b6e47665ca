package ringfence.node.engine;

/// A submitted task, from any thread.
public interface Answer {

  /// Frees its sequences and pages at the next step. The listener hears no token more, but
  /// CANCELLED for each choice that had not ended, and its last call.
  void cancel();

  /// The listener's `ready()` has become true again.
  void readerReady();
}
