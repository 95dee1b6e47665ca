package ringfence.router.egress;

/// An attempt's open stream. It delivers [#EVENTS_AHEAD] events, and then only what is asked for.
public interface AttemptStream {

  /// How many events may be under way without being asked for again: enough to hide the way between
  /// threads, few enough to be no memory.
  int EVENTS_AHEAD = 16;

  /// Asks for more events, at least one.
  void request(int count);

  /// Ends the stream; the target frees the attempt's sequences.
  void cancel();
}
