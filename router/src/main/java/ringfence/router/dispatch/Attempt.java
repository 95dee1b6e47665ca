package ringfence.router.dispatch;

import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.router.Alarms.Alarm;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.fleet.InFlight;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Placement.Placed;

/// One try to run (the rest of) a request on one target. Guarded by its dispatch's lock.
final class Attempt implements AttemptListener {
  final Dispatch dispatch;
  final int number;
  final Placed placed;
  final EgressGrant grant;
  final InFlight inFlight;

  /// Tokens of the answer when it began.
  final int tokensBefore;

  boolean started;

  /// What it started with, while another attempt may still win the answer.
  @Nullable GenerationEvent heldStart;

  private int heldBack;
  private long heldBackSince;
  private long heardNanos;
  private boolean hasAnswered;
  private @Nullable Alarm stallAlarm;
  private @Nullable AttemptStream stream;

  Attempt(
      Dispatch dispatch,
      int number,
      Placed placed,
      EgressGrant grant,
      InFlight inFlight,
      int tokensBefore,
      long nowNanos) {
    this.dispatch = dispatch;
    this.number = number;
    this.placed = placed;
    this.grant = grant;
    this.inFlight = inFlight;
    this.tokensBefore = tokensBefore;
    this.heardNanos = nowNanos;
  }

  void opened(AttemptStream open) {
    stream = open;
  }

  boolean isOn(String node, String incarnation) {
    return placed.target().name().equals(node) && placed.target().incarnation().equals(incarnation);
  }

  /// A token or an end has come from it.
  void answered() {
    hasAnswered = true;
  }

  boolean hasAnswered() {
    return hasAnswered;
  }

  void watch(Alarm alarm) {
    stallAlarm = alarm;
  }

  /// An event was taken: another may come, at once or when the reader has room.
  void taken(boolean readerReady, long nowNanos) {
    heardNanos = nowNanos;
    if (heldBack == 0) {
      heldBackSince = nowNanos;
    }
    heldBack++;
    if (readerReady) {
      readerReady(nowNanos);
    }
  }

  void readerReady(long nowNanos) {
    if (stream != null && heldBack > 0) {
      heardNanos = nowNanos;
      int more = heldBack;
      heldBack = 0;
      stream.request(more);
    }
  }

  /// For how long events were held back; 0: they are not.
  long heldBackNanos(long nowNanos) {
    return heldBack == 0 ? 0 : nowNanos - heldBackSince;
  }

  /// For how long it could have sent something and did not.
  long silentNanos(long nowNanos) {
    return heldBack > 0 ? 0 : nowNanos - heardNanos;
  }

  /// Its end, in whatever way.
  void ended(boolean cancel) {
    inFlight.ended();
    if (stallAlarm != null) {
      stallAlarm.cancel();
    }
    if (cancel && stream != null) {
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
