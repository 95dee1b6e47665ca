package ringfence.router.dispatch;

import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Placement.Placed;

/// One try to run (the rest of) a request on one target. Guarded by its dispatch's lock.
final class Attempt implements AttemptListener {
  final Dispatch dispatch;
  final int number;
  final Placed placed;
  final EgressGrant grant;
  final Fleet.InFlight inFlight;
  boolean started;
  private int heldBack;
  private long heldBackSince;
  private @Nullable AttemptStream stream;

  Attempt(
      Dispatch dispatch, int number, Placed placed, EgressGrant grant, Fleet.InFlight inFlight) {
    this.dispatch = dispatch;
    this.number = number;
    this.placed = placed;
    this.grant = grant;
    this.inFlight = inFlight;
  }

  void opened(AttemptStream open) {
    stream = open;
  }

  /// An event was taken: another may come, at once or when the reader has room.
  void taken(boolean readerReady, long nowNanos) {
    if (heldBack == 0) {
      heldBackSince = nowNanos;
    }
    heldBack++;
    if (readerReady) {
      readerReady();
    }
  }

  void readerReady() {
    if (stream != null && heldBack > 0) {
      stream.request(heldBack);
      heldBack = 0;
    }
  }

  /// For how long events were held back; 0: they are not.
  long heldBackNanos(long nowNanos) {
    return heldBack == 0 ? 0 : nowNanos - heldBackSince;
  }

  void cancel() {
    if (stream != null) {
      stream.cancel();
    }
  }

  @Override
  public void event(GenerationEvent event) {
    dispatch.event(this, event);
  }

  @Override
  public void completed() {
    dispatch.completed(this);
  }

  @Override
  public void failed(Failure failure, boolean fromTarget) {
    dispatch.failed(this, failure, fromTarget);
  }
}
