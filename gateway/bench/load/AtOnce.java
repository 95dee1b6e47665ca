/// Requests as fast as they go, so many at a time.
final class AtOnce implements Work {
  private final Client client;
  private final int places;
  private final int tokens;
  private final int keptEach;
  private long asked;
  private long end;
  private int open;
  private long failed;

  /// @param keptEach the trace of each so-manieth is to be kept; 0: none
  AtOnce(Client client, int places, int tokens, int keptEach) {
    this.client = client;
    this.places = places;
    this.tokens = tokens;
    this.keptEach = keptEach;
  }

  /// So many more are to be asked.
  void add(int count) {
    end += count;
  }

  long failed() {
    return failed;
  }

  @Override
  public long begin(long nowNanos) {
    while (asked < end && open < places) {
      boolean kept = keptEach > 0 && asked % keptEach == 0;
      asked++;
      open++;
      client.ask(new Call(kept, this::ended));
    }
    return Long.MAX_VALUE;
  }

  private void ended(Call call) {
    open--;
    if (!call.answeredWith(tokens)) {
      failed++;
    }
  }

  @Override
  public boolean isOver(long nowNanos) {
    return asked == end && open == 0;
  }
}
