import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// One request, and what was heard of its answer.
final class Call {
  /// So long an answer may be silent.
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final boolean kept;
  private final Consumer<Call> ended;
  private long begunNanos;
  private long heardNanos = System.nanoTime();
  private long firstNanos;
  private long lastNanos;
  private int texts;
  private boolean complete;

  /// @param kept whether its trace is to be kept
  /// @param ended hears of its end, once; begins nothing itself
  Call(boolean kept, Consumer<Call> ended) {
    this.kept = kept;
    this.ended = ended;
  }

  boolean isKept() {
    return kept;
  }

  /// It is being written.
  void begun(long nowNanos) {
    begunNanos = nowNanos;
    heardNanos = nowNanos;
  }

  /// An event with text has come.
  void text(long nowNanos) {
    heardNanos = nowNanos;
    lastNanos = nowNanos - begunNanos;
    if (texts++ == 0) {
      firstNanos = lastNanos;
    }
  }

  /// @param complete whether the answer says that it is all there
  void ended(boolean complete) {
    this.complete = complete;
    ended.accept(this);
  }

  boolean isSilent(long nowNanos) {
    return nowNanos - heardNanos > SILENCE_NANOS;
  }

  boolean answeredWith(int tokens) {
    return complete && texts == tokens;
  }

  /// From the request's writing to the first event with text.
  long firstNanos() {
    return firstNanos;
  }

  /// From the request's writing to the last event with text.
  long lastNanos() {
    return lastNanos;
  }
}
