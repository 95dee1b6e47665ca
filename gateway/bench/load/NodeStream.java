/// One answer of a node: gRPC messages, each a `ringfence.v1.GenerationEvent`, as their bytes come.
final class NodeStream {
  private static final int PREFIX = 5;
  /// An event begins with its attempt, which is 1: two bytes. Then comes which event it is, as a field's tag.
  private static final int TAG_AT = PREFIX + 2;
  private static final int TOKEN = 3 << 3 | 2;
  private static final int DONE = 5 << 3 | 2;

  private final int id;
  private final Call call;
  private int at;
  private int length;
  private int tag;
  private boolean done;

  NodeStream(int id, Call call) {
    this.id = id;
    this.call = call;
  }

  int id() {
    return id;
  }

  void data(byte next, long nowNanos) {
    if (at > 0 && at < PREFIX) {
      length = length << 8 | next & 0xff;
    } else if (at == TAG_AT) {
      tag = next;
    }
    at++;
    if (at >= PREFIX && at == PREFIX + length) {
      event(nowNanos);
    }
  }

  private void event(long nowNanos) {
    if (tag == TOKEN) {
      call.text(nowNanos);
    }
    done = tag == DONE;
    at = 0;
    length = 0;
    tag = 0;
  }

  boolean isSilent(long nowNanos) {
    return call.isSilent(nowNanos);
  }

  /// The stream has ended: well, if the last event said so.
  void ended() {
    call.ended(done);
  }

  void failed() {
    call.ended(false);
  }
}
