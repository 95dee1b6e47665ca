package ringfence.node.serving;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import ringfence.node.engine.EngineException;
import ringfence.proto.v1.Failure;

/// The one place where a failure becomes a gRPC status with its `Failure` in the trailer.
final class Failures {
  static final Metadata.Key<Failure> TRAILER =
      Metadata.Key.of(
          "ringfence-failure-bin", ProtoUtils.metadataMarshaller(Failure.getDefaultInstance()));

  private Failures() {}

  static StatusRuntimeException of(Failure.Reason reason, String message) {
    return of(reason, message, "");
  }

  static StatusRuntimeException of(Failure.Reason reason, String message, String parameter) {
    return of(
        Failure.newBuilder().setReason(reason).setMessage(message).setParameter(parameter).build());
  }

  static StatusRuntimeException of(Failure failure) {
    Metadata trailers = new Metadata();
    trailers.put(TRAILER, failure);
    return status(failure.getReason())
        .withDescription(failure.getMessage())
        .asRuntimeException(trailers);
  }

  static StatusRuntimeException of(EngineException failure) {
    return of(reason(failure.reason()), String.valueOf(failure.getMessage()));
  }

  static Failure.Reason reason(EngineException.Reason reason) {
    return switch (reason) {
      case INVALID_REQUEST -> Failure.Reason.INVALID_REQUEST;
      case CONTEXT_LENGTH_EXCEEDED -> Failure.Reason.CONTEXT_LENGTH_EXCEEDED;
      case PROMPT_EXCEEDS_KV_BUDGET -> Failure.Reason.PROMPT_EXCEEDS_KV_BUDGET;
      case NO_CAPACITY -> Failure.Reason.NO_CAPACITY;
      case DEADLINE_EXCEEDED -> Failure.Reason.DEADLINE_EXCEEDED;
      case SHUTTING_DOWN -> Failure.Reason.DRAINING;
      case INTERNAL -> Failure.Reason.INTERNAL;
    };
  }

  private static Status status(Failure.Reason reason) {
    return switch (reason) {
      case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, TEMPLATE_FAILED, PROMPT_EXCEEDS_KV_BUDGET ->
          Status.INVALID_ARGUMENT;
      case UNKNOWN_MODEL, UNKNOWN_REQUEST -> Status.NOT_FOUND;
      case NO_TARGET_IN_ZONE, RESUME_MISMATCH -> Status.FAILED_PRECONDITION;
      case NO_CAPACITY, INSUFFICIENT_QUOTA, TOO_MANY_FAILURES -> Status.RESOURCE_EXHAUSTED;
      case DRAINING, TARGET_LOST, LEDGER_UNAVAILABLE -> Status.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Status.DEADLINE_EXCEEDED;
      case CANCELLED -> Status.CANCELLED;
      case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
      case PERMISSION_DENIED, IDENTITY_MISMATCH -> Status.PERMISSION_DENIED;
      case STALE_ATTEMPT -> Status.ABORTED;
      case INTERNAL, REASON_UNSPECIFIED, UNRECOGNIZED -> Status.INTERNAL;
    };
  }
}
