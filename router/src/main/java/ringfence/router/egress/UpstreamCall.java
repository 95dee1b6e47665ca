package ringfence.router.egress;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.router.Alarms;
import ringfence.router.Alarms.Alarm;
import ringfence.router.Failures;
import ringfence.router.egress.openai.UpstreamAnswer;
import ringfence.router.policy.document.Upstream.Timeouts;
import ringfence.router.upstream.UpstreamGate;

/// One attempt's call of an upstream. All that happens to it runs one after the other on its own
/// queue; what comes from the upstream, where nothing else runs, on the thread that brought it. The
/// next bytes are asked for when all events of the last ones were taken, so that a reader that lags
/// holds the upstream's connection back.
final class UpstreamCall implements AttemptStream {
  private static final long LAST_BYTES_NANOS = 1_000_000_000L;

  private final AttemptListener listener;
  private final UpstreamGate gate;
  private final long promptTokens;
  private final Timeouts timeouts;
  private final LongSupplier nanoClock;
  private final Alarms alarms;
  private final InTurn tasks;

  // Touched by tasks alone.
  private final UpstreamReading reading;
  private int wanted = EVENTS_AHEAD;
  private boolean over;
  private boolean bodyEnded;
  private boolean awaitsBytes;
  private Flow.@Nullable Subscription body;
  private @Nullable CompletableFuture<HttpResponse<Optional<String>>> exchange;
  private @Nullable Alarm silence;
  private long sentNanos;

  UpstreamCall(
      AttemptListener listener,
      UpstreamAnswer answer,
      UpstreamGate gate,
      long promptTokens,
      Timeouts timeouts,
      LongSupplier nanoClock,
      Alarms alarms,
      Executor executor) {
    this.listener = listener;
    this.reading = new UpstreamReading(answer);
    this.gate = gate;
    this.promptTokens = promptTokens;
    this.timeouts = timeouts;
    this.nanoClock = nanoClock;
    this.alarms = alarms;
    this.tasks = new InTurn(executor);
  }

  /// Sends what was cleared, unless the attempt has ended meanwhile.
  void start(HttpClient client, HttpRequest request) {
    tasks.later(() -> {
      if (over) {
        return;
      }
      sentNanos = nanoClock.getAsLong();
      CompletableFuture<HttpResponse<Optional<String>>> sent =
          client.sendAsync(request, this::bodyOf);
      exchange = sent;
      var _ = sent.whenComplete((response, failed) -> tasks.now(() -> headed(response, failed)));
    });
  }

  /// Nothing was sent, and nothing will be.
  void refuse(Failure failure) {
    tasks.later(() -> {
      if (!over) {
        end();
        listener.failed(failure, true);
      }
    });
  }

  /// Nothing was sent: the upstream's key can't be read.
  void keyMissing(String why) {
    tasks.later(
        () -> fail(Failures.of(Reason.INTERNAL, "the upstream's key can't be used: " + why), true));
  }

  @Override
  public void request(int count) {
    tasks.later(() -> {
      wanted += count;
      deliver();
    });
  }

  @Override
  public void cancel() {
    tasks.later(() -> {
      if (!over) {
        hangUp();
        end();
      }
    });
  }

  private void hangUp() {
    Flow.Subscription source = body;
    if (source != null) {
      source.cancel();
    }
    CompletableFuture<HttpResponse<Optional<String>>> running = exchange;
    if (running != null) {
      running.cancel(true);
    }
  }

  /// Its place is given back once, with what it took beyond the prompt's estimate.
  private void end() {
    over = true;
    reading.drop();
    if (silence != null) {
      silence.cancel();
    }
    gate.leave(reading.beyond(promptTokens));
  }

  private HttpResponse.BodySubscriber<Optional<String>> bodyOf(HttpResponse.ResponseInfo head) {
    boolean streams =
        head.statusCode() == 200
            && head.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream");
    return streams ? new Stream() : new UpstreamRefusal();
  }

  private void headed(
      @Nullable HttpResponse<Optional<String>> response, @Nullable Throwable failed) {
    if (over) {
      return;
    }
    if (response == null) {
      fail(unreachable(failed), true);
      return;
    }
    Optional<String> refusal = response.body();
    if (refusal.isEmpty()) {
      return;
    }
    int status = response.statusCode();
    if (status == 200) {
      fail(Failures.of(Reason.INTERNAL, "the upstream does not stream its answer"), true);
      return;
    }
    Optional<Long> retryAfter =
        response
            .headers()
            .firstValue("Retry-After")
            .filter(value -> value.matches("\\d{1,6}"))
            .map(Long::valueOf);
    fail(
        UpstreamAnswer.refusal(status, refusal.get(), retryAfter),
        status >= 500 || status < 400 || status == 401 || status == 403);
  }

  private static Failure unreachable(@Nullable Throwable failed) {
    Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
    return Failures.of(
        Reason.TARGET_LOST,
        cause instanceof HttpTimeoutException
            ? "the upstream did not answer in time"
            : "the upstream can't be reached");
  }

  /// @param ofItsMaking it tells of the upstream and not of the request
  private void fail(Failure failure, boolean ofItsMaking) {
    if (over) {
      return;
    }
    hangUp();
    end();
    if (ofItsMaking) {
      gate.failed(failure.getMessage(), nanoClock.getAsLong());
    }
    listener.failed(failure, true);
  }

  private void took(List<ByteBuffer> bytes) {
    awaitsBytes = false;
    if (!over) {
      reading.took(bytes, nanoClock.getAsLong());
      deliver();
    }
  }

  private void bodyEnded(boolean cut) {
    bodyEnded = true;
    if (over) {
      return;
    }
    awaitsBytes = false;
    reading.bodyEnded(cut, nanoClock.getAsLong());
    deliver();
  }

  private void deliver() {
    while (!over && wanted > 0 && reading.hasEvents()) {
      wanted--;
      GenerationEvent event = reading.next();
      if (event.hasDone()) {
        worked();
        end();
        letGo();
        listener.event(event);
        listener.completed();
        return;
      }
      listener.event(event);
    }
    Failure failure = reading.broken();
    if (!over && !reading.hasEvents() && failure != null) {
      fail(failure, true);
      return;
    }
    Flow.Subscription source = body;
    if (!over && !reading.hasEvents() && source != null && !bodyEnded && !awaitsBytes) {
      awaitsBytes = true;
      watch();
      source.request(1);
    }
  }

  /// The answer is whole. Its connection can serve another one if the body ends now.
  private void letGo() {
    Flow.Subscription source = body;
    if (source != null && !bodyEnded) {
      if (!awaitsBytes) {
        source.request(1);
      }
      alarms.after(
          LAST_BYTES_NANOS,
          () ->
              tasks.later(() -> {
                if (!bodyEnded) {
                  hangUp();
                }
              }));
    }
  }

  private void worked() {
    gate.worked(reading.secondsToFirst(sentNanos), reading.tokensPerSecond());
  }

  /// Bytes are awaited for so long and no longer.
  private void watch() {
    if (silence != null) {
      silence.cancel();
    }
    silence =
        alarms.after(
            timeouts.between().toNanos(),
            () ->
                tasks.later(() -> {
                  if (awaitsBytes) {
                    fail(
                        Failures.of(
                            Reason.TARGET_LOST,
                            "the upstream sent nothing for "
                                + timeouts.between().toSeconds()
                                + " s in mid-answer"),
                        true);
                  }
                }));
  }

  /// The body of an answer.
  private final class Stream implements HttpResponse.BodySubscriber<Optional<String>> {
    @Override
    public CompletionStage<Optional<String>> getBody() {
      return CompletableFuture.completedFuture(Optional.empty());
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      tasks.now(() -> {
        if (over) {
          subscription.cancel();
          return;
        }
        body = subscription;
        deliver();
      });
    }

    @Override
    public void onNext(List<ByteBuffer> bytes) {
      tasks.now(() -> took(bytes));
    }

    @Override
    public void onError(Throwable broken) {
      tasks.now(() -> bodyEnded(true));
    }

    @Override
    public void onComplete() {
      tasks.now(() -> bodyEnded(false));
    }
  }
}
