package ringfence.router.serving;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.UsageEvent;
import ringfence.router.Failures;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.events.Outbox;
import ringfence.router.policy.budget.Spending;

/// Holds an answer's end back until its usage is on disk: nobody hears that a request has completed
/// which could be forgotten. Where the disk fails the request ends with that, and its usage is
/// still owed.
final class RecordedReader implements AnswerReader {
  private final AnswerReader reader;
  private final Spending spending;
  private final Outbox outbox;
  private final LongSupplier nanoClock;
  private final Executor executor;
  private final UsageEvent.Builder usage;
  private final long sinceNanos;
  private @Nullable RouteEvent done;
  private @Nullable CompletableFuture<Void> kept;

  /// @param usage who asks for what
  /// @param executor where the reader hears of the end
  RecordedReader(
      AnswerReader reader,
      Spending spending,
      Outbox outbox,
      UsageEvent.Builder usage,
      LongSupplier nanoClock,
      Executor executor) {
    this.reader = reader;
    this.spending = spending;
    this.outbox = outbox;
    this.usage = usage;
    this.nanoClock = nanoClock;
    this.executor = executor;
    this.sinceNanos = nanoClock.getAsLong();
  }

  static UsageEvent.Builder facts(RouteRequest request, @Nullable String keyId) {
    return UsageEvent.newBuilder()
        .setRequestId(request.getRequestId())
        .setTenant(request.getTenant())
        .setKeyId(keyId == null ? "" : keyId)
        .setModel(request.getModel());
  }

  @Override
  public boolean ready() {
    return reader.ready();
  }

  @Override
  public void event(RouteEvent event) {
    switch (event.getEventCase()) {
      case PLACEMENT -> {
        Placement placement = event.getPlacement();
        usage
            .setTarget(placement.getNode())
            .setZone(placement.getZone())
            .setAttempts(usage.getAttempts() + 1);
      }
      case TOKEN -> {
        if (usage.getFirstTokenMicros() == 0) {
          usage.setFirstTokenMicros(Math.max(1, micros()));
        }
      }
      case DONE -> {
        usage.setCachedPromptTokens(
            Integer.toUnsignedLong(event.getDone().getUsage().getCachedPromptTokens()));
        done = event;
        return;
      }
      case FINISH, BEGUN, EVENT_NOT_SET -> {}
    }
    reader.event(event);
  }

  private long micros() {
    return TimeUnit.NANOSECONDS.toMicros(nanoClock.getAsLong() - sinceNanos);
  }

  @Override
  public void completed() {
    RouteEvent last = done;
    whenKept(
        Reason.REASON_UNSPECIFIED,
        () -> {
          if (last != null) {
            reader.event(last);
          }
          reader.completed();
        });
  }

  @Override
  public void failed(Failure failure) {
    whenKept(failure.getReason(), () -> reader.failed(failure));
  }

  private void whenKept(Reason outcome, Runnable end) {
    CompletableFuture<Void> keeping = keep(outcome);
    var _ =
        keeping
            .copy()
            .orTimeout(outbox.waitLimit().toNanos(), TimeUnit.NANOSECONDS)
            .whenCompleteAsync(
                (_, late) -> {
                  if (late == null) {
                    end.run();
                  } else {
                    reader.failed(
                        Failures.of(
                            Reason.LEDGER_UNAVAILABLE,
                            "the request's usage was not written to disk within "
                                + outbox.waitLimit().toMillis()
                                + " ms"));
                  }
                },
                executor);
  }

  /// The request is over, whoever hears of it.
  ///
  /// @return completes when its usage is durable
  CompletableFuture<Void> over() {
    return keep(Reason.CANCELLED);
  }

  private CompletableFuture<Void> keep(Reason outcome) {
    CompletableFuture<Void> keeping = kept;
    if (keeping == null) {
      Spending.Used used = spending.end();
      usage
          .setPromptTokens(used.promptTokens())
          .setAnswerTokens(used.answerTokens())
          .setMoneyNanos(used.moneyNanos())
          .setBooked(used.booked())
          .setOutcome(outcome)
          .setDurationMicros(micros());
      keeping = outbox.owe(Event.newBuilder().setUsage(usage));
      kept = keeping;
    }
    return keeping;
  }
}
