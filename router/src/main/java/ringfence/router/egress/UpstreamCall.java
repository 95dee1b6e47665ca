package ringfence.router.egress;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
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
import ringfence.router.egress.openai.SseReader;
import ringfence.router.egress.openai.UpstreamAnswer;
import ringfence.router.egress.openai.UpstreamBrokenException;
import ringfence.router.policy.document.Upstream.Timeouts;
import ringfence.router.upstream.UpstreamGate;

/// One attempt's call of an upstream. All that happens to it runs one after the other on its own
/// queue. The next bytes are asked for when all events of the last ones were taken, so that a
/// reader that lags holds the upstream's connection back.
final class UpstreamCall implements AttemptStream {
  private static final int MOST_REFUSAL_BYTES = 8 << 10;
  private static final long LAST_BYTES_NANOS = 1_000_000_000L;

  private final AttemptListener listener;
  private final UpstreamAnswer answer;
  private final UpstreamGate gate;
  private final long promptTokens;
  private final Timeouts timeouts;
  private final LongSupplier nanoClock;
  private final Alarms alarms;
  private final Executor executor;

  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private boolean busy;

  // Touched by tasks alone.
  private final SseReader lines = new SseReader();
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private int wanted = EVENTS_AHEAD;
  private boolean over;
  private boolean bodyEnded;
  private boolean awaitsBytes;

  /// What ends the call when all events that came before it were taken.
  private @Nullable Failure broken;

  private Flow.@Nullable Subscription body;
  private @Nullable CompletableFuture<HttpResponse<Optional<String>>> exchange;
  private @Nullable Alarm silence;
  private long sentNanos;
  private long firstNanos;
  private long lastNanos;
  private long pieces;

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
    this.answer = answer;
    this.gate = gate;
    this.promptTokens = promptTokens;
    this.timeouts = timeouts;
    this.nanoClock = nanoClock;
    this.alarms = alarms;
    this.executor = executor;
  }

  private void later(Runnable task) {
    synchronized (tasks) {
      tasks.add(task);
      if (busy) {
        return;
      }
      busy = true;
    }
    executor.execute(this::work);
  }

  private void work() {
    while (true) {
      Runnable task;
      synchronized (tasks) {
        task = tasks.poll();
        if (task == null) {
          busy = false;
          return;
        }
      }
      task.run();
    }
  }

  /// Sends what was cleared, unless the attempt has ended meanwhile.
  void start(HttpClient client, HttpRequest request) {
    later(() -> {
      if (over) {
        return;
      }
      sentNanos = nanoClock.getAsLong();
      CompletableFuture<HttpResponse<Optional<String>>> sent =
          client.sendAsync(request, this::bodyOf);
      exchange = sent;
      var _ = sent.whenComplete((response, failed) -> later(() -> headed(response, failed)));
    });
  }

  /// Nothing was sent, and nothing will be.
  void refuse(Failure failure) {
    later(() -> {
      if (!over) {
        end();
        listener.failed(failure, true);
      }
    });
  }

  /// Nothing was sent: the upstream's key can't be read.
  void keyMissing(String why) {
    later(
        () -> fail(Failures.of(Reason.INTERNAL, "the upstream's key can't be used: " + why), true));
  }

  @Override
  public void request(int count) {
    later(() -> {
      wanted += count;
      deliver();
    });
  }

  @Override
  public void cancel() {
    later(() -> {
      if (!over) {
        hangUp();
        end();
      }
    });
  }

  private void hangUp() {
    Flow.Subscription reading = body;
    if (reading != null) {
      reading.cancel();
    }
    CompletableFuture<HttpResponse<Optional<String>>> running = exchange;
    if (running != null) {
      running.cancel(true);
    }
  }

  /// Its place is given back once, with what it took beyond the prompt's estimate.
  private void end() {
    over = true;
    events.clear();
    if (silence != null) {
      silence.cancel();
    }
    long counted = answer.usage().getPromptTokens() + (long) answer.usage().getAnswerTokens();
    gate.leave(counted == 0 ? pieces : counted - promptTokens);
  }

  private HttpResponse.BodySubscriber<Optional<String>> bodyOf(HttpResponse.ResponseInfo head) {
    boolean streams =
        head.statusCode() == 200
            && head.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream");
    return streams ? new Stream() : new Refusal();
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
    if (over || broken != null) {
      return;
    }
    try {
      for (ByteBuffer part : bytes) {
        for (String event : lines.take(part)) {
          add(answer.take(event));
        }
      }
    } catch (UpstreamBrokenException told) {
      broken = told.failure();
    } catch (IOException tooLarge) {
      broken = Failures.of(Reason.TARGET_LOST, "the upstream sent too large an event");
    }
    deliver();
  }

  private void add(List<GenerationEvent> more) {
    for (GenerationEvent event : more) {
      if (event.hasToken()) {
        lastNanos = nanoClock.getAsLong();
        if (pieces == 0) {
          firstNanos = lastNanos;
        }
        pieces += Math.max(1, event.getToken().getStandsFor());
      }
      events.add(event);
    }
  }

  private void bodyEnded(boolean cut) {
    bodyEnded = true;
    if (over) {
      return;
    }
    awaitsBytes = false;
    try {
      if (cut) {
        broken = Failures.of(Reason.TARGET_LOST, "the upstream's connection broke in mid-answer");
      } else {
        add(answer.end());
      }
    } catch (UpstreamBrokenException early) {
      broken = early.failure();
    }
    deliver();
  }

  private void deliver() {
    while (!over && wanted > 0 && !events.isEmpty()) {
      wanted--;
      GenerationEvent event = events.remove();
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
    Failure failure = broken;
    if (!over && events.isEmpty() && failure != null) {
      fail(failure, true);
      return;
    }
    Flow.Subscription reading = body;
    if (!over && events.isEmpty() && reading != null && !bodyEnded && !awaitsBytes) {
      awaitsBytes = true;
      watch();
      reading.request(1);
    }
  }

  /// The answer is whole. Its connection can serve another one if the body ends now.
  private void letGo() {
    Flow.Subscription reading = body;
    if (reading != null && !bodyEnded) {
      if (!awaitsBytes) {
        reading.request(1);
      }
      alarms.after(
          LAST_BYTES_NANOS,
          () ->
              later(() -> {
                if (!bodyEnded) {
                  hangUp();
                }
              }));
    }
  }

  private void worked() {
    double decode = (lastNanos - firstNanos) / 1e9;
    gate.worked(
        pieces == 0 ? 0 : (firstNanos - sentNanos) / 1e9,
        pieces > 1 && decode > 0 ? (pieces - 1) / decode : 0);
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
                later(() -> {
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
      later(() -> {
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
      later(() -> took(bytes));
    }

    @Override
    public void onError(Throwable broken) {
      later(() -> bodyEnded(true));
    }

    @Override
    public void onComplete() {
      later(() -> bodyEnded(false));
    }
  }

  /// The body of a refusal, as much of it as a code needs.
  private static final class Refusal implements HttpResponse.BodySubscriber<Optional<String>> {
    private final CompletableFuture<Optional<String>> read = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private Flow.@Nullable Subscription subscription;

    @Override
    public CompletionStage<Optional<String>> getBody() {
      return read;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscribed) {
      subscription = subscribed;
      subscribed.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
      for (ByteBuffer part : parts) {
        byte[] some = new byte[Math.min(part.remaining(), MOST_REFUSAL_BYTES - bytes.size())];
        part.get(some);
        bytes.writeBytes(some);
      }
      Flow.Subscription more = subscription;
      if (more != null && bytes.size() < MOST_REFUSAL_BYTES) {
        more.request(1);
      } else if (more != null) {
        more.cancel();
        finish();
      }
    }

    private void finish() {
      read.complete(Optional.of(bytes.toString(StandardCharsets.UTF_8)));
    }

    @Override
    public void onError(Throwable broken) {
      finish();
    }

    @Override
    public void onComplete() {
      finish();
    }
  }
}
