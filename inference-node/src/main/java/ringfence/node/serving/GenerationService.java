package ringfence.node.serving;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import ringfence.node.engine.EngineException;
import ringfence.node.engine.GenerationTask;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.CancelResponse;
import ringfence.proto.v1.CountTokensRequest;
import ringfence.proto.v1.CountTokensResponse;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Started;
import ringfence.telemetry.Telemetry;
import ringfence.telemetry.TraceParent;
import ringfence.tls.MethodRules;
import ringfence.tls.Role;

/// Router -> node: attempts in, tokens out.
final class GenerationService extends GenerationGrpc.GenerationImplBase {
  /// Who may call what.
  static final MethodRules RULES =
      MethodRules.none().and(Role.ROUTER, "Generate", "Cancel", "CountTokens");

  private static final Logger LOG = Logger.getLogger(GenerationService.class);
  private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private final Map<String, MeteredModel> models;
  private final Attempts attempts;
  private final NodeStatus status;
  private final Duration defaultDeadline;
  private final Telemetry telemetry;

  GenerationService(
      Map<String, MeteredModel> models,
      Attempts attempts,
      NodeStatus status,
      Duration defaultDeadline,
      Telemetry telemetry) {
    this.models = models;
    this.attempts = attempts;
    this.status = status;
    this.defaultDeadline = defaultDeadline;
    this.telemetry = telemetry;
  }

  @Override
  public void generate(GenerationRequest request, StreamObserver<GenerationEvent> events) {
    answering(
        events,
        () -> {
          if (status.isDraining()) {
            throw Failures.of(Failure.Reason.DRAINING, "this node is draining");
          }
          checkIdentity(request);
          MeteredModel metered = model(request.getModel());
          ServedModel model = metered.model();
          checkDigest(request, model);
          PromptReader.TokenizedPrompt prompt = new PromptReader(model).read(request.getPrompt());
          GenerationTask task = RequestReader.task(request, prompt.tokens(), deadlineNanos());
          start(request, metered, prompt, task, (ServerCallStreamObserver<GenerationEvent>) events);
        });
  }

  private void start(
      GenerationRequest request,
      MeteredModel metered,
      PromptReader.TokenizedPrompt prompt,
      GenerationTask task,
      ServerCallStreamObserver<GenerationEvent> events) {
    ServedModel model = metered.model();
    Started started =
        Started.newBuilder()
            .setModelDigest(model.digest())
            .setDeterministic(model.backend().deterministic())
            .setNumerics(model.backend().numerics())
            .setEchoText(request.getOutput().getEcho() ? prompt.text() : "")
            .build();
    GenerationCall call =
        new GenerationCall(
            events,
            request.getRequestId(),
            request.getAttempt(),
            model.tokenizer(),
            started,
            metered.metrics(),
            AttemptSpan.begin(telemetry, request, TraceParent.caller()),
            () -> attempts.leave(request.getRequestId(), request.getAttempt()));
    try {
      attempts.enter(request.getRequestId(), request.getAttempt(), call::end);
    } catch (StatusRuntimeException e) {
      call.discard();
      throw e;
    }
    try {
      call.submitted(model.engine().submit(task, call));
    } catch (EngineException e) {
      call.failed(e);
    }
  }

  @Override
  public void cancel(CancelRequest request, StreamObserver<CancelResponse> response) {
    answering(
        response,
        () -> {
          int cancelled = attempts.cancel(request.getRequestId(), request.getAttempt());
          response.onNext(CancelResponse.newBuilder().setCancelledSequences(cancelled).build());
          response.onCompleted();
        });
  }

  @Override
  public void countTokens(
      CountTokensRequest request, StreamObserver<CountTokensResponse> response) {
    answering(
        response,
        () -> {
          int tokens =
              new PromptReader(model(request.getModel()).model())
                  .read(request.getPrompt())
                  .tokens()
                  .length;
          response.onNext(CountTokensResponse.newBuilder().setPromptTokens(tokens).build());
          response.onCompleted();
        });
  }

  private void checkIdentity(GenerationRequest request) {
    if (!REQUEST_ID.matcher(request.getRequestId()).matches()) {
      throw RequestReader.invalid("request_id", "1 to 64 characters of A-Z a-z 0-9 _ -");
    }
    if (request.getAttempt() < 1) {
      throw RequestReader.invalid("attempt", "attempts count from 1");
    }
  }

  private MeteredModel model(String name) {
    MeteredModel model = models.get(name);
    if (model == null) {
      throw Failures.of(
          Failure.Reason.UNKNOWN_MODEL,
          "this node serves " + String.join(", ", models.keySet()),
          "model");
    }
    return model;
  }

  private static void checkDigest(GenerationRequest request, ServedModel model) {
    if (!request.getModelDigest().isEmpty() && !request.getModelDigest().equals(model.digest())) {
      throw Failures.of(
          Failure.Reason.RESUME_MISMATCH,
          "the answer began with another file of this model; it can't go on here");
    }
  }

  private long deadlineNanos() {
    Deadline deadline = Context.current().getDeadline();
    long left =
        deadline == null ? defaultDeadline.toNanos() : deadline.timeRemaining(TimeUnit.NANOSECONDS);
    return System.nanoTime() + left;
  }

  // Every way out of a call is a status with a Failure; what is not ours is logged by type alone,
  // for its text may hold content.
  private static void answering(StreamObserver<?> observer, Runnable body) {
    try {
      body.run();
    } catch (StatusRuntimeException e) {
      observer.onError(e);
    } catch (RuntimeException e) {
      LOG.errorf(
          "a call failed inside: %s at %s",
          e.getClass().getName(), e.getStackTrace().length > 0 ? e.getStackTrace()[0] : "?");
      observer.onError(
          Failures.of(Failure.Reason.INTERNAL, "internal error in the node; its log names it"));
    }
  }
}
