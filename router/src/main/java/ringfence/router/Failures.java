package ringfence.router;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.ProtoUtils;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;

/// Failures and gRPC statuses, mapped in this one place as `content.proto` has them.
public final class Failures {
  /// The trailer that carries a failure beside the status.
  public static final Metadata.Key<Failure> TRAILER =
      Metadata.Key.of(
          "ringfence-failure-bin", ProtoUtils.metadataMarshaller(Failure.getDefaultInstance()));

  private Failures() {}

  /// A failure without a parameter.
  ///
  /// @param message what was wrong and what to do; no content
  public static Failure of(Reason reason, String message) {
    return Failure.newBuilder().setReason(reason).setMessage(message).build();
  }

  /// A malformed request.
  ///
  /// @param parameter the offending field
  public static Failure invalid(String parameter, String message) {
    return Failure.newBuilder()
        .setReason(Reason.INVALID_REQUEST)
        .setParameter(parameter)
        .setMessage(message)
        .build();
  }

  /// The failure as a gRPC server ends a call with it.
  public static StatusException toException(Failure failure) {
    Metadata trailers = new Metadata();
    trailers.put(TRAILER, failure);
    return code(failure.getReason())
        .toStatus()
        .withDescription(failure.getMessage())
        .asException(trailers);
  }

  /// The failure that a call ended with. Without the trailer it came from the transport: then a
  /// target that can't be reached, or has cut the call off, is lost.
  public static Failure fromCall(Status status, @Nullable Metadata trailers) {
    Failure carried = trailers == null ? null : trailers.get(TRAILER);
    if (carried != null && carried.getReason() != Reason.REASON_UNSPECIFIED) {
      return carried;
    }
    return switch (status.getCode()) {
      case UNAVAILABLE, CANCELLED -> of(Reason.TARGET_LOST, "the target was lost");
      case DEADLINE_EXCEEDED -> of(Reason.DEADLINE_EXCEEDED, "the deadline has passed");
      case OK,
          UNKNOWN,
          INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          RESOURCE_EXHAUSTED,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          UNIMPLEMENTED,
          INTERNAL,
          DATA_LOSS,
          UNAUTHENTICATED ->
          of(Reason.INTERNAL, "the target ended the call with " + status.getCode());
    };
  }

  private static Status.Code code(Reason reason) {
    return switch (reason) {
      case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, TEMPLATE_FAILED, PROMPT_EXCEEDS_KV_BUDGET ->
          Status.Code.INVALID_ARGUMENT;
      case UNKNOWN_MODEL, UNKNOWN_REQUEST -> Status.Code.NOT_FOUND;
      case NO_TARGET_IN_ZONE, RESUME_MISMATCH -> Status.Code.FAILED_PRECONDITION;
      case NO_CAPACITY, INSUFFICIENT_QUOTA, TOO_MANY_FAILURES -> Status.Code.RESOURCE_EXHAUSTED;
      case DRAINING, TARGET_LOST, LEDGER_UNAVAILABLE -> Status.Code.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Status.Code.DEADLINE_EXCEEDED;
      case CANCELLED -> Status.Code.CANCELLED;
      case UNAUTHENTICATED -> Status.Code.UNAUTHENTICATED;
      case PERMISSION_DENIED, IDENTITY_MISMATCH -> Status.Code.PERMISSION_DENIED;
      case STALE_ATTEMPT -> Status.Code.ABORTED;
      case INTERNAL, REASON_UNSPECIFIED, UNRECOGNIZED -> Status.Code.INTERNAL;
    };
  }
}
