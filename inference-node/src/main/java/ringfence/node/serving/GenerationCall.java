package ringfence.node.serving;

import com.google.protobuf.ByteString;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.Answer;
import ringfence.node.engine.AnswerListener;
import ringfence.node.engine.EngineException;
import ringfence.node.tokenizer.Tokenizer;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Timings;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenLogProb;
import ringfence.proto.v1.Usage;

/// One attempt's stream: the engine's events become messages.
///
/// Back-pressure: while the reader lags, `ready()` is false and the engine steps these sequences no
/// further, so that at most one step's events per choice are ever buffered beyond what gRPC's own
/// window holds.
final class GenerationCall implements AnswerListener {
  private static final Logger LOG = Logger.getLogger(GenerationCall.class);

  private final ServerCallStreamObserver<GenerationEvent> observer;
  private final String requestId;
  private final int attempt;
  private final Tokenizer tokenizer;
  private final Started started;
  private final NodeMetrics metrics;
  private final AttemptSpan span;
  private final Runnable left;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final long openedNanos = System.nanoTime();
  private volatile @Nullable Answer answer;
  private long lastTokenNanos;

  /// @param started what the first message says, but for the counts
  /// @param left called once when the call is over, however it ends
  GenerationCall(
      ServerCallStreamObserver<GenerationEvent> observer,
      String requestId,
      int attempt,
      Tokenizer tokenizer,
      Started started,
      NodeMetrics metrics,
      AttemptSpan span,
      Runnable left) {
    this.observer = observer;
    this.requestId = requestId;
    this.attempt = attempt;
    this.tokenizer = tokenizer;
    this.started = started;
    this.metrics = metrics;
    this.span = span;
    this.left = left;
    observer.setOnCancelHandler(this::readerGone);
    observer.setOnReadyHandler(this::readerReady);
  }

  /// The attempt was not admitted: whoever refused it answers the caller.
  void discard() {
    ended.set(true);
    span.failed(Failure.Reason.STALE_ATTEMPT);
  }

  /// The engine has taken the task.
  void submitted(Answer answer) {
    this.answer = answer;
    // The client or a newer attempt may have ended this one before there was an answer to cancel.
    if (ended.get() || observer.isCancelled()) {
      readerGone();
    } else if (observer.isReady()) {
      answer.readerReady();
    }
  }

  /// Ends the stream from outside: a newer attempt, a cancel, the end of a drain.
  void end(Failure failure) {
    if (leave()) {
      Answer running = answer;
      if (running != null) {
        running.cancel();
      }
      metrics.failed(failure.getReason());
      span.failed(failure.getReason());
      sendFailure(Failures.of(failure));
    }
  }

  private void readerGone() {
    if (leave()) {
      metrics.failed(Failure.Reason.CANCELLED);
      span.failed(Failure.Reason.CANCELLED);
    }
    Answer running = answer;
    if (running != null) {
      running.cancel();
    }
  }

  private void readerReady() {
    Answer running = answer;
    if (running != null) {
      running.readerReady();
    }
  }

  @Override
  public boolean ready() {
    return ended.get() || observer.isReady();
  }

  @Override
  public void started(int promptTokens, int cachedPromptTokens) {
    send(
        GenerationEvent.newBuilder()
            .setStarted(
                started.toBuilder()
                    .setPromptTokens(promptTokens)
                    .setCachedPromptTokens(cachedPromptTokens)));
  }

  @Override
  public void token(int choice, int offset, int token, String text, List<LogProb> logProbs) {
    long now = System.nanoTime();
    if (lastTokenNanos == 0) {
      metrics.firstToken(now - openedNanos);
    }
    lastTokenNanos = now;
    Token.Builder message =
        Token.newBuilder().setChoice(choice).setOffset(offset).setId(token).setText(text);
    if (!logProbs.isEmpty()) {
      LogProbs.Builder all = LogProbs.newBuilder().setChosen(logProb(logProbs.getFirst()));
      for (LogProb alternative : logProbs.subList(1, logProbs.size())) {
        all.addTop(logProb(alternative));
      }
      message.setLogprobs(all);
    }
    send(GenerationEvent.newBuilder().setToken(message));
  }

  private TokenLogProb logProb(LogProb logProb) {
    return TokenLogProb.newBuilder()
        .setId(logProb.token())
        .setLogprob(logProb.logProb())
        .setToken(ByteString.copyFrom(tokenizer.bytes(logProb.token())))
        .build();
  }

  @Override
  public void finished(
      int choice, FinishReason reason, String text, int length, String matchedStop) {
    send(
        GenerationEvent.newBuilder()
            .setFinish(
                Finish.newBuilder()
                    .setChoice(choice)
                    .setReason(finishReason(reason))
                    .setText(text)
                    .setOffset(length)
                    .setMatchedStop(matchedStop)));
  }

  private static ringfence.proto.v1.FinishReason finishReason(FinishReason reason) {
    return switch (reason) {
      case STOP -> ringfence.proto.v1.FinishReason.FINISH_REASON_STOP;
      case LENGTH -> ringfence.proto.v1.FinishReason.FINISH_REASON_LENGTH;
      case CANCELLED -> ringfence.proto.v1.FinishReason.FINISH_REASON_CANCELLED;
    };
  }

  @Override
  public void done(AnswerStatistics statistics) {
    GenerationEvent event =
        GenerationEvent.newBuilder()
            .setAttempt(attempt)
            .setDone(
                Done.newBuilder()
                    .setUsage(
                        Usage.newBuilder()
                            .setPromptTokens(statistics.promptTokens())
                            .setAnswerTokens(statistics.answerTokens())
                            .setCachedPromptTokens(statistics.cachedPromptTokens()))
                    .setTimings(
                        Timings.newBuilder()
                            .setQueueMicros(statistics.queueMicros())
                            .setPrefillMicros(statistics.prefillMicros())
                            .setDecodeMicros(statistics.decodeMicros())))
            .build();
    if (leave()) {
      metrics.finished(statistics);
      span.done(statistics);
      synchronized (this) {
        if (!observer.isCancelled()) {
          observer.onNext(event);
          observer.onCompleted();
        }
      }
    } else if (LOG.isDebugEnabled()) {
      // For those who measure how soon an abort arrives; clients of this machine have this clock.
      LOG.debugf(
          "%s/%d: aborted, and computed no more at %d us",
          requestId, attempt, ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    }
  }

  @Override
  public void failed(EngineException failure) {
    if (leave()) {
      metrics.failed(Failures.reason(failure.reason()));
      span.failed(Failures.reason(failure.reason()));
      sendFailure(Failures.of(failure));
    }
  }

  // Locked: `end` comes from other threads, and a stream takes one message at a time.
  private synchronized void send(GenerationEvent.Builder event) {
    if (!ended.get() && !observer.isCancelled()) {
      observer.onNext(event.setAttempt(attempt).build());
    }
  }

  private synchronized void sendFailure(RuntimeException failure) {
    if (!observer.isCancelled()) {
      observer.onError(failure);
    }
  }

  private boolean leave() {
    if (!ended.compareAndSet(false, true)) {
      return false;
    }
    left.run();
    return true;
  }
}
