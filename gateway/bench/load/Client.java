/// Asks one target, over connections of a [Loop].
interface Client extends AutoCloseable {
  /// A trace that whoever hears of it keeps.
  String KEPT_TRACE = "00-5a4b3c2d1e0f5a4b3c2d1e0f5a4b3c2d-5a4b3c2d1e0f5a4b-01";

  /// Sends a request; the call hears what comes of it, also that nothing can.
  void ask(Call call);

  /// Ends what is still open.
  @Override
  void close();
}
