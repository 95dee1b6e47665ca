package ringfence.router.dispatch;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Begun;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteDone;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.Usage;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.PlacementRequest.Continuation;
import ringfence.router.routing.TargetView;

/// One request: an unbroken answer from one or more attempts. Each attempt passes policy, placement
/// and egress anew. Events are taken from the attempt's stream as the reader has room.
public final class Dispatch {
  private static final int USUAL_ANSWER_TOKENS = 256;

  private final Dispatcher parts;
  private final RouteRequest request;
  private final EffectiveLabel label;
  private final PromptMeasure prompt;
  private final long deadlineNanos;
  private final AnswerReader reader;
  private final Runnable whenEnded;

  private final ReentrantLock lock = new ReentrantLock();
  private final AnswerProgress progress;
  private final Set<String> excluded = new HashSet<>();
  private int leastPromptTokens;
  private int attempts;
  private @Nullable Attempt current;
  private @Nullable Started basis;
  private @Nullable Failure lastFailure;
  private boolean ended;

  Dispatch(
      Dispatcher parts,
      RouteRequest request,
      long deadlineNanos,
      AnswerReader reader,
      Runnable whenEnded) {
    this.parts = parts;
    this.request = request;
    this.label = parts.policy().classify(request);
    this.prompt = PromptMeasure.of(request);
    this.leastPromptTokens = prompt.leastTokens();
    this.deadlineNanos = deadlineNanos;
    this.reader = reader;
    this.whenEnded = whenEnded;
    this.progress = new AnswerProgress(request.getChoices());
  }

  /// Begins the first attempt.
  public void start() {
    lock.lock();
    try {
      if (!ended) {
        nextAttempt();
      }
    } finally {
      lock.unlock();
    }
  }

  /// The reader has room again.
  public void readerReady() {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt != null && reader.ready()) {
        attempt.readerReady();
      }
    } finally {
      lock.unlock();
    }
  }

  /// The reader has gone: the target is told at once, and the reader hears nothing more.
  public void cancel() {
    lock.lock();
    try {
      if (!ended) {
        endAttempt(Reason.CANCELLED, true);
        end(Reason.CANCELLED);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends the request with a failure, whatever it is doing.
  public void abort(Failure failure) {
    lock.lock();
    try {
      if (!ended) {
        endAttempt(failure.getReason(), true);
        fail(failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends the request when its reader has had no room for longer than the limit.
  public void endIfStalled(Duration limit) {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt != null
          && !reader.ready()
          && attempt.heldBackNanos(parts.nanoClock().getAsLong()) > limit.toNanos()) {
        abort(
            Failures.of(
                Reason.DEADLINE_EXCEEDED,
                "the reader took nothing of the answer for " + limit.toSeconds() + " s"));
      }
    } finally {
      lock.unlock();
    }
  }

  private void nextAttempt() {
    long now = parts.nanoClock().getAsLong();
    if (deadlineNanos - now <= 0) {
      fail(Failures.of(Reason.DEADLINE_EXCEEDED, "the deadline has passed"));
      return;
    }
    if (attempts == parts.maxAttempts()) {
      fail(givingUp(null));
      return;
    }
    List<TargetView> targets = parts.fleet().targets();
    Placement placement = parts.placer().place(placementRequest(now), targets);
    parts.observer().placed(parts.nanoClock().getAsLong() - now);
    switch (placement) {
      case Refused refused ->
          fail(
              lastFailure == null
                  ? Refusals.of(refused, label.farthestZone(), targets)
                  : givingUp(refused));
      case Placed placed -> begin(placed, now);
    }
  }

  private PlacementRequest placementRequest(long nowNanos) {
    int longest = progress.longestUnfinished();
    int wanted =
        request.getStop().hasMaxTokens()
            ? Math.min(request.getStop().getMaxTokens(), USUAL_ANSWER_TOKENS)
            : USUAL_ANSWER_TOKENS;
    Started begun = basis;
    return new PlacementRequest(
        request.getModel(),
        label.farthestZone(),
        prompt.tokens() + longest,
        leastPromptTokens,
        Math.max(1, wanted - longest),
        progress.unfinished(),
        prompt.prefixKey(),
        begun == null
            ? null
            : new Continuation(
                begun.getModelDigest(), progress.anyDelivered() ? begun.getNumerics() : null),
        excluded,
        nowNanos);
  }

  private void begin(Placed placed, long now) {
    attempts++;
    Fleet.InFlight inFlight =
        parts
            .fleet()
            .begin(
                placed.target(),
                request.getModel(),
                progress.unfinished(),
                prompt.tokens() + progress.longestUnfinished());
    parts.observer().attemptBegun(placed.target());
    try {
      EgressGrant grant =
          parts.policy().grant(label, placed, request.getRequestId(), attempts, now);
      Attempt attempt = new Attempt(this, attempts, placed, grant, inFlight);
      current = attempt;
      attempt.opened(parts.egress().open(grant, generationRequest(), deadlineNanos - now, attempt));
    } catch (RuntimeException denied) {
      current = null;
      inFlight.ended();
      parts
          .observer()
          .attemptEnded(request.getRequestId(), attempts, placed.target(), Reason.INTERNAL);
      fail(Failures.of(Reason.INTERNAL, "the attempt could not leave: " + denied.getMessage()));
    }
  }

  private GenerationRequest generationRequest() {
    Started begun = basis;
    return GenerationRequest.newBuilder()
        .setRequestId(request.getRequestId())
        .setAttempt(attempts)
        .setModel(request.getModel())
        .setModelDigest(begun == null ? "" : begun.getModelDigest())
        .setLabel(
            Label.newBuilder()
                .setFarthestZone(WireZones.toWire(label.farthestZone()))
                .addAllReasons(label.reasons()))
        .setPrompt(request.getPrompt())
        .setSampling(request.getSampling())
        .setStop(request.getStop())
        .setOutput(request.getOutput())
        .addAllChoices(progress.starts())
        .build();
  }

  void event(Attempt attempt, GenerationEvent event) {
    lock.lock();
    try {
      if (attempt != current) {
        return;
      }
      if (event.getAttempt() == attempt.number) {
        take(attempt, event);
      }
      if (attempt == current) {
        attempt.taken(reader.ready(), parts.nanoClock().getAsLong());
      }
    } finally {
      lock.unlock();
    }
  }

  private void take(Attempt attempt, GenerationEvent event) {
    if (!attempt.started && !event.hasStarted()) {
      broken(attempt, "the target did not begin with what it started");
      return;
    }
    switch (event.getEventCase()) {
      case STARTED -> started(attempt, event.getStarted());
      case TOKEN -> token(attempt, event.getToken());
      case FINISH -> finish(attempt, event.getFinish());
      case DONE -> done(attempt, event.getDone());
      case EVENT_NOT_SET -> broken(attempt, "the target sent an event of an unknown kind");
    }
  }

  private void started(Attempt attempt, Started started) {
    if (attempt.started) {
      broken(attempt, "the target started twice");
      return;
    }
    attempt.started = true;
    Started begun = basis;
    boolean resumed = progress.anyDelivered();
    if (begun != null && !goesOn(begun, started, resumed)) {
      attemptFailed(
          attempt,
          Failures.of(Reason.RESUME_MISMATCH, "the target goes on with another model or numerics"),
          true);
      return;
    }
    if (!resumed) {
      basis = started;
    }
    reader.event(
        RouteEvent.newBuilder()
            .setPlacement(WirePlacement.of(attempt.number, attempt.placed))
            .build());
    if (begun == null) {
      var model = attempt.placed.target().model(request.getModel());
      if (model != null) {
        progress.limit(model.contextLength());
      }
      reader.event(
          RouteEvent.newBuilder()
              .setBegun(
                  Begun.newBuilder()
                      .setPromptTokens(started.getPromptTokens())
                      .setSeed(request.getSampling().getSeed())
                      .setModelDigest(started.getModelDigest())
                      .setEchoText(started.getEchoText()))
              .build());
    }
  }

  private static boolean goesOn(Started begun, Started started, boolean resumed) {
    return started.getModelDigest().equals(begun.getModelDigest())
        && (!resumed
            || (started.getDeterministic() && started.getNumerics().equals(begun.getNumerics())));
  }

  private void token(Attempt attempt, Token token) {
    switch (progress.token(token)) {
      case DELIVER -> {
        attempt.inFlight.prefilled();
        reader.event(RouteEvent.newBuilder().setToken(token).build());
      }
      case DROP -> {}
      case BROKEN -> broken(attempt, "the target sent a token that does not follow the last one");
    }
  }

  private void finish(Attempt attempt, Finish finish) {
    switch (progress.finish(finish)) {
      case DELIVER -> reader.event(RouteEvent.newBuilder().setFinish(finish).build());
      case DROP -> {}
      case BROKEN -> broken(attempt, "the target finished a choice that is not at its end");
    }
  }

  private void done(Attempt attempt, Done done) {
    if (!progress.allFinished()) {
      broken(attempt, "the target was done before all choices were");
      return;
    }
    endAttempt(Reason.REASON_UNSPECIFIED, false);
    complete(done);
  }

  private void complete(Done done) {
    Started begun = basis;
    reader.event(
        RouteEvent.newBuilder()
            .setDone(
                RouteDone.newBuilder()
                    .setUsage(
                        Usage.newBuilder()
                            .setPromptTokens(begun == null ? 0 : begun.getPromptTokens())
                            .setAnswerTokens(progress.tokens())
                            .setCachedPromptTokens(
                                begun == null ? 0 : begun.getCachedPromptTokens()))
                    .setTimings(done.getTimings())
                    .setAttempts(attempts))
            .build());
    reader.completed();
    end(Reason.REASON_UNSPECIFIED);
  }

  void completed(Attempt attempt) {
    failed(attempt, Failures.of(Reason.TARGET_LOST, "the target ended the answer early"), true);
  }

  void failed(Attempt attempt, Failure failure, boolean fromTarget) {
    lock.lock();
    try {
      if (attempt == current) {
        attemptFailed(attempt, failure, false);
        if (!fromTarget && attempt.started) {
          parts.egress().abandon(attempt.grant);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void broken(Attempt attempt, String how) {
    attemptFailed(attempt, Failures.of(Reason.INTERNAL, how), true);
  }

  private void attemptFailed(Attempt attempt, Failure failure, boolean cancel) {
    endAttempt(failure.getReason(), cancel);
    if (progress.allFinished()) {
      complete(Done.getDefaultInstance());
      return;
    }
    if (!RetryRules.mayGoOnElsewhere(failure.getReason())) {
      fail(failure);
      return;
    }
    lastFailure = failure;
    Started begun = basis;
    if (progress.anyDelivered() && begun != null && !begun.getDeterministic()) {
      fail(givingUp(null));
      return;
    }
    excluded.add(attempt.placed.target().name());
    var model = attempt.placed.target().model(request.getModel());
    if (RetryRules.isTooLong(failure.getReason()) && model != null) {
      leastPromptTokens =
          Math.max(leastPromptTokens, Math.min(model.contextLength(), model.kvTokens()));
    }
    nextAttempt();
  }

  /// What is said when no further attempt can be made.
  private Failure givingUp(@Nullable Refused refused) {
    Failure last = lastFailure;
    if (progress.anyDelivered() || last == null) {
      return Failures.of(
          Reason.TARGET_LOST,
          "the node was lost in mid-answer, and no other can go on with it exactly");
    }
    if (last.getReason() == Reason.NO_CAPACITY
        && last.getRetryAfterMillis() == 0
        && refused != null) {
      return last.toBuilder().setRetryAfterMillis(refused.retryAfterMillis()).build();
    }
    return last;
  }

  private void endAttempt(Reason reason, boolean cancel) {
    Attempt attempt = current;
    if (attempt == null) {
      return;
    }
    current = null;
    attempt.inFlight.ended();
    if (cancel) {
      attempt.cancel();
    }
    parts
        .observer()
        .attemptEnded(request.getRequestId(), attempt.number, attempt.placed.target(), reason);
  }

  private void fail(Failure failure) {
    reader.failed(failure);
    end(failure.getReason());
  }

  private void end(Reason reason) {
    ended = true;
    parts.observer().requestEnded(request.getRequestId(), reason);
    whenEnded.run();
  }
}
