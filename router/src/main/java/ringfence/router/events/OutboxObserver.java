package ringfence.router.events;

/// Hears what the outbox does, for metrics and logs.
public interface OutboxObserver {

  /// So many events were made durable at once.
  void committed(int events, long nanos);

  /// Events could not be made durable; they wait, and it is tried again.
  void commitFailed(String why);

  /// An event that may be lost was: there was no room for it.
  void dropped();

  /// At start the end of an unsynced commit was cut off.
  void tailCutOff(String segment, long bytes);

  /// Bytes that are no events any more.
  void damaged(String segment, long offset, long bytes);

  /// Retention has dropped a segment.
  void removed(String segment);
}
