package ringfence.router.overview;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.router.Alarms;
import ringfence.router.Alarms.Alarm;
import ringfence.router.Failures;
import ringfence.router.policy.Caller;
import ringfence.router.policy.Identity;

/// One reader of the fleet's views: a view every so often while it has room for one. Each time it
/// is asked anew who that is, so that a revoked key sees nothing more.
final class FleetWatch {
  private static final int USUAL_MILLIS = 1_000;
  private static final int LEAST_MILLIS = 250;
  private static final int MOST_MILLIS = 60_000;

  /// Who asks, now.
  interface Identify {
    Identity now();
  }

  private final ServerCallStreamObserver<FleetView> call;
  private final Identify who;
  private final FleetViews views;
  private final Timeline timeline;
  private final Alarms alarms;
  private final Runnable whenOver;
  private final long intervalNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private long seen;
  private @Nullable Alarm next;
  private boolean over;

  FleetWatch(
      WatchFleetRequest asked,
      ServerCallStreamObserver<FleetView> call,
      Identify who,
      FleetViews views,
      Timeline timeline,
      Alarms alarms,
      Runnable whenOver) {
    this.call = call;
    this.who = who;
    this.views = views;
    this.timeline = timeline;
    this.alarms = alarms;
    this.whenOver = whenOver;
    int millis = asked.getIntervalMillis() == 0 ? USUAL_MILLIS : asked.getIntervalMillis();
    intervalNanos = TimeUnit.MILLISECONDS.toNanos(Math.clamp(millis, LEAST_MILLIS, MOST_MILLIS));
    seen = asked.getAfterHappening() > timeline.last() ? 0 : asked.getAfterHappening();
  }

  /// Begins; call it before anything is sent.
  void start() {
    call.setOnCancelHandler(this::end);
    tick();
  }

  private void tick() {
    lock.lock();
    try {
      if (over) {
        return;
      }
      switch (who.now()) {
        case Identity.Refused(var failure) -> {
          call.onError(Failures.toException(failure));
          end();
        }
        case Caller caller -> {
          if (call.isReady()) {
            long last = timeline.last();
            call.onNext(views.view(caller).addAllHappenings(timeline.after(seen, caller)).build());
            seen = last;
          }
          next = alarms.after(intervalNanos, this::tick);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lock.lock();
    try {
      if (!over) {
        over = true;
        if (next != null) {
          next.cancel();
        }
        whenOver.run();
      }
    } finally {
      lock.unlock();
    }
  }
}
