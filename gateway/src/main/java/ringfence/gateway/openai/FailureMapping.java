package ringfence.gateway.openai;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;

/// The one place where the router's failures become OpenAI's errors.
public final class FailureMapping {
  /// Carries the serialised [Failure] beside the gRPC status.
  public static final Metadata.Key<byte[]> FAILURE =
      Metadata.Key.of("ringfence-failure-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private static final long RETRY_MILLIS = 1000;

  private FailureMapping() {}

  /// The failure that a call ended with; its reason is unspecified where the status came without
  /// one.
  public static Failure failure(@Nullable Metadata trailers) {
    byte[] bytes = trailers == null ? null : trailers.get(FAILURE);
    if (bytes != null) {
      try {
        return Failure.parseFrom(bytes);
      } catch (InvalidProtocolBufferException e) {
        return Failure.getDefaultInstance();
      }
    }
    return Failure.getDefaultInstance();
  }

  /// What the client is told.
  public static ApiError toError(Status status, @Nullable Metadata trailers) {
    Failure failure = failure(trailers);
    return switch (failure.getReason()) {
      case INVALID_REQUEST, TEMPLATE_FAILED ->
          ApiError.invalid(
              parameter(failure, null),
              failure.getReason() == Failure.Reason.TEMPLATE_FAILED
                  ? "template_failed"
                  : "invalid_value",
              message(failure, "The request is invalid."));
      case UNKNOWN_MODEL ->
          ApiError.refused(
              404,
              "model",
              "model_not_found",
              message(failure, "The model does not exist or no node serves it."));
      case CONTEXT_LENGTH_EXCEEDED, PROMPT_EXCEEDS_KV_BUDGET ->
          ApiError.invalid(
              parameter(failure, "messages"),
              "context_length_exceeded",
              message(failure, "The prompt is longer than the model's context."));
      case NO_TARGET_IN_ZONE ->
          ApiError.refused(
              403,
              null,
              "no_target_in_zone",
              message(failure, "No node in a zone that this request may reach serves the model."));
      case NO_CAPACITY ->
          ApiError.busy(
              "no_capacity", message(failure, "All nodes are busy. Try again."), retry(failure));
      case DRAINING ->
          ApiError.busy(
              "draining",
              message(failure, "The service is going down. Try again."),
              retry(failure));
      case TARGET_LOST ->
          ApiError.busy(
              "target_lost",
              message(failure, "The node that answered was lost. Try again."),
              retry(failure));
      case DEADLINE_EXCEEDED -> deadline(message(failure, ""));
      case UNAUTHENTICATED ->
          ApiError.refused(
              401, null, "invalid_api_key", message(failure, "The API key is not valid."));
      case PERMISSION_DENIED ->
          ApiError.refused(403, null, "permission_denied", message(failure, "Not allowed."));
      case LEDGER_UNAVAILABLE ->
          ApiError.busy(
              "ledger_unavailable",
              message(failure, "What leaves the site could not be recorded, so nothing left."),
              retry(failure));
      case UNKNOWN_REQUEST ->
          ApiError.refused(
              404, null, "receipt_not_found", message(failure, "There is no such receipt."));
      case INSUFFICIENT_QUOTA ->
          ApiError.exhausted(
              "insufficient_quota",
              "insufficient_quota",
              message(failure, "The budget does not hold the request."),
              failure.getRetryAfterMillis());
      case TOO_MANY_FAILURES ->
          ApiError.exhausted(
              "rate_limit_error",
              "too_many_failures",
              message(failure, "Too many wrong API keys. Try again later."),
              retry(failure));
      case CANCELLED -> ApiError.failed(499, "cancelled", "The request was cancelled.");
      case RESUME_MISMATCH, STALE_ATTEMPT, IDENTITY_MISMATCH, INTERNAL -> internal();
      case REASON_UNSPECIFIED, UNRECOGNIZED -> fromStatus(status);
    };
  }

  /// A call that ended without a reason: the transport's own failures, most of all.
  private static ApiError fromStatus(Status status) {
    return switch (status.getCode()) {
      case UNAVAILABLE ->
          ApiError.busy("router_unavailable", "No router can be reached. Try again.", RETRY_MILLIS);
      case DEADLINE_EXCEEDED -> deadline("");
      case RESOURCE_EXHAUSTED ->
          ApiError.busy("no_capacity", "The service is busy. Try again.", RETRY_MILLIS);
      case CANCELLED -> ApiError.failed(499, "cancelled", "The request was cancelled.");
      case INVALID_ARGUMENT -> ApiError.invalid(null, "invalid_value", "The request is invalid.");
      case NOT_FOUND ->
          ApiError.refused(404, "model", "model_not_found", "The model does not exist.");
      case UNAUTHENTICATED ->
          ApiError.refused(401, null, "invalid_api_key", "The API key is not valid.");
      case PERMISSION_DENIED -> ApiError.refused(403, null, "permission_denied", "Not allowed.");
      case OK,
          UNKNOWN,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          UNIMPLEMENTED,
          INTERNAL,
          DATA_LOSS ->
          internal();
    };
  }

  private static ApiError deadline(String message) {
    return ApiError.failed(
        504,
        "deadline_exceeded",
        message.isEmpty() ? "The answer was not complete within the deadline." : message);
  }

  /// Something that is our own fault; what it was is in the logs.
  public static ApiError internal() {
    return ApiError.failed(500, "internal_error", "The server had an error. Try again.");
  }

  private static String message(Failure failure, String otherwise) {
    return failure.getMessage().isEmpty() ? otherwise : failure.getMessage();
  }

  private static @Nullable String parameter(Failure failure, @Nullable String otherwise) {
    return failure.getParameter().isEmpty() ? otherwise : failure.getParameter();
  }

  private static long retry(Failure failure) {
    return failure.getRetryAfterMillis() > 0 ? failure.getRetryAfterMillis() : RETRY_MILLIS;
  }
}
