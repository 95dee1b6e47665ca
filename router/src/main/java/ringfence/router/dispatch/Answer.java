package ringfence.router.dispatch;

import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Begun;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.RouteDone;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.Usage;
import ringfence.router.Failures;

/// The unbroken answer that a reader gets, whatever attempts it comes from: what was delivered,
/// what it began with, and which event may follow. Guarded by its dispatch's lock.
final class Answer {
  private final AnswerReader reader;
  private final AnswerProgress progress;
  private final String model;
  private final long seed;
  private final boolean explains;
  private @Nullable Started basis;
  private int estimated;

  /// @param explains the client wants every verdict of a placement
  Answer(AnswerReader reader, int choices, String model, long seed, boolean explains) {
    this.reader = reader;
    this.progress = new AnswerProgress(choices);
    this.model = model;
    this.seed = seed;
    this.explains = explains;
  }

  /// What an event does to its attempt.
  sealed interface Taken {
    /// The attempt goes on.
    record GoesOn() implements Taken {}

    /// All choices are finished, and the target has said so.
    record Ends(Done done) implements Taken {}

    /// The target may not go on with this answer.
    record Breaks(Failure failure) implements Taken {}
  }

  private static final Taken GOES_ON = new Taken.GoesOn();

  AnswerProgress progress() {
    return progress;
  }

  /// What the answer began with: the model file and the arithmetic that it must go on with; null
  /// before any attempt has started.
  @Nullable Started basis() {
    return basis;
  }

  /// Whether another target could go on where this answer stands.
  boolean mayGoOnElsewhere() {
    Started begun = basis;
    return begun == null || !progress.anyDelivered() || begun.getDeterministic();
  }

  /// Takes the next event of the attempt that is being listened to.
  Taken take(Attempt attempt, GenerationEvent event) {
    if (!attempt.started && !event.hasStarted()) {
      return broken("the target did not begin with what it started");
    }
    return switch (event.getEventCase()) {
      case STARTED -> started(attempt, event.getStarted());
      case TOKEN -> token(attempt, event.getToken());
      case FINISH -> finish(event.getFinish());
      case DONE ->
          progress.allFinished()
              ? new Taken.Ends(event.getDone())
              : broken("the target was done before all choices were");
      case EVENT_NOT_SET -> broken("the target sent an event of an unknown kind");
    };
  }

  private static Taken broken(String how) {
    return new Taken.Breaks(Failures.of(Reason.INTERNAL, how));
  }

  private Taken started(Attempt attempt, Started started) {
    if (attempt.started) {
      return broken("the target started twice");
    }
    attempt.started = true;
    Started begun = basis;
    boolean resumed = progress.anyDelivered();
    if (begun != null && !goesOn(begun, started, resumed)) {
      return new Taken.Breaks(
          Failures.of(Reason.RESUME_MISMATCH, "the target goes on with another model or numerics"));
    }
    if (!resumed) {
      basis = started;
    }
    reader.event(
        RouteEvent.newBuilder()
            .setPlacement(WirePlacement.of(attempt.number, attempt.placed, explains))
            .build());
    if (begun == null) {
      var view = attempt.placed.target().model(model);
      if (view != null) {
        progress.limit(view.contextLength());
      }
      reader.event(
          RouteEvent.newBuilder()
              .setBegun(
                  Begun.newBuilder()
                      .setPromptTokens(started.getPromptTokens())
                      .setSeed(seed)
                      .setModelDigest(started.getModelDigest())
                      .setEchoText(started.getEchoText())
                      .setCountsAtEnd(started.getCountsAtEnd()))
              .build());
    }
    return GOES_ON;
  }

  private static boolean goesOn(Started begun, Started started, boolean resumed) {
    return started.getModelDigest().equals(begun.getModelDigest())
        && (!resumed
            || (started.getDeterministic() && started.getNumerics().equals(begun.getNumerics())));
  }

  private Taken token(Attempt attempt, Token token) {
    return switch (progress.token(token)) {
      case DELIVER -> {
        attempt.inFlight.token();
        estimated += Math.max(1, token.getStandsFor());
        reader.event(RouteEvent.newBuilder().setToken(token).build());
        yield GOES_ON;
      }
      case DROP -> GOES_ON;
      case BROKEN -> broken("the target sent a token that does not follow the last one");
    };
  }

  private Taken finish(Finish finish) {
    return switch (progress.finish(finish)) {
      case DELIVER -> {
        reader.event(RouteEvent.newBuilder().setFinish(finish).build());
        yield GOES_ON;
      }
      case DROP -> GOES_ON;
      case BROKEN -> broken("the target finished a choice that is not at its end");
    };
  }

  /// Says the last of a whole answer.
  void complete(Done done, int attempts) {
    reader.event(
        RouteEvent.newBuilder()
            .setDone(
                RouteDone.newBuilder()
                    .setUsage(usage(done))
                    .setTimings(done.getTimings())
                    .setAttempts(attempts))
            .build());
    reader.completed();
  }

  private Usage usage(Done done) {
    Started begun = basis;
    if (begun != null && begun.getCountsAtEnd()) {
      Usage told = done.getUsage();
      return told.getAnswerTokens() == 0
          ? told.toBuilder().setAnswerTokens(estimated).build()
          : told;
    }
    return Usage.newBuilder()
        .setPromptTokens(begun == null ? 0 : begun.getPromptTokens())
        .setAnswerTokens(progress.tokens())
        .setCachedPromptTokens(begun == null ? 0 : begun.getCachedPromptTokens())
        .build();
  }
}
