package ringfence.gateway.openai;

import ringfence.proto.v1.FinishReason;

/// OpenAI's words for why an answer ended.
final class FinishReasons {
  private FinishReasons() {}

  static String wire(FinishReason reason) {
    return switch (reason) {
      case FINISH_REASON_LENGTH -> "length";
      case FINISH_REASON_TOOL_CALLS -> "tool_calls";
      case FINISH_REASON_STOP, FINISH_REASON_CANCELLED, FINISH_REASON_UNSPECIFIED, UNRECOGNIZED ->
          "stop";
    };
  }
}
