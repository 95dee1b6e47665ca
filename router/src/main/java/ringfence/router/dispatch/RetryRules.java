package ringfence.router.dispatch;

import ringfence.proto.v1.Failure;

/// Which failures of an attempt another target may not share.
final class RetryRules {
  private RetryRules() {}

  static boolean mayGoOnElsewhere(Failure.Reason reason) {
    return switch (reason) {
      // A target says CANCELLED of its own accord only when it lost its caller or is going down.
      // STALE_ATTEMPT: a rival of this request got to the same process first, as when a node has
      // been started again and the router took it for two.
      case TARGET_LOST,
          DRAINING,
          NO_CAPACITY,
          UNKNOWN_MODEL,
          RESUME_MISMATCH,
          CANCELLED,
          STALE_ATTEMPT,
          INTERNAL,
          CONTEXT_LENGTH_EXCEEDED,
          PROMPT_EXCEEDS_KV_BUDGET,
          LEDGER_UNAVAILABLE,
          IDENTITY_MISMATCH,
          REASON_UNSPECIFIED,
          UNRECOGNIZED ->
          true;
      case INVALID_REQUEST,
          TEMPLATE_FAILED,
          NO_TARGET_IN_ZONE,
          DEADLINE_EXCEEDED,
          UNAUTHENTICATED,
          PERMISSION_DENIED,
          UNKNOWN_REQUEST,
          INSUFFICIENT_QUOTA,
          TOO_MANY_FAILURES ->
          false;
    };
  }

  /// The target may well serve the same request a moment later.
  static boolean mayPass(Failure.Reason reason) {
    return switch (reason) {
      case TARGET_LOST, DRAINING, NO_CAPACITY, CANCELLED -> true;
      case UNKNOWN_MODEL,
          RESUME_MISMATCH,
          INTERNAL,
          CONTEXT_LENGTH_EXCEEDED,
          PROMPT_EXCEEDS_KV_BUDGET,
          REASON_UNSPECIFIED,
          UNRECOGNIZED,
          INVALID_REQUEST,
          TEMPLATE_FAILED,
          NO_TARGET_IN_ZONE,
          DEADLINE_EXCEEDED,
          UNAUTHENTICATED,
          PERMISSION_DENIED,
          LEDGER_UNAVAILABLE,
          IDENTITY_MISMATCH,
          UNKNOWN_REQUEST,
          STALE_ATTEMPT,
          INSUFFICIENT_QUOTA,
          TOO_MANY_FAILURES ->
          false;
    };
  }

  /// The target's context or KV cache was too small; a larger one may do.
  static boolean isTooLong(Failure.Reason reason) {
    return reason == Failure.Reason.CONTEXT_LENGTH_EXCEEDED
        || reason == Failure.Reason.PROMPT_EXCEEDS_KV_BUDGET;
  }
}
