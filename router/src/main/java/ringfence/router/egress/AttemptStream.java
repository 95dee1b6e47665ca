package ringfence.router.egress;

/// An attempt's open stream. Nothing is delivered until it is asked for.
public interface AttemptStream {

  /// Asks for one more event.
  void request();

  /// Ends the stream; the target frees the attempt's sequences.
  void cancel();
}
