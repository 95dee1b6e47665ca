package ringfence.router.policy.budget;

import ringfence.proto.v1.Chat;
import ringfence.proto.v1.RouteRequest;

/// The most tokens that a request can need, before anybody has counted them.
public final class MostTokens {
  /// What a template writes around a prompt, around each message, and where there are tools.
  private static final long TEMPLATE = 64;

  private static final long TEMPLATE_OF_MESSAGE = 16;
  private static final long TEMPLATE_OF_TOOLS = 256;
  private static final long TEMPLATE_OF_TOOL = 32;

  private MostTokens() {}

  /// Of the prompt: no vocabulary has a token of less than a byte.
  public static long ofPrompt(RouteRequest request) {
    return switch (request.getPrompt().getInputCase()) {
      case TOKEN_IDS -> request.getPrompt().getTokenIds().getIdsCount();
      case TEXT -> TEMPLATE + request.getPrompt().getTextBytes().size();
      case CHAT -> {
        Chat chat = request.getPrompt().getChat();
        long tools = chat.getToolsCount();
        yield TEMPLATE
            + chat.getSerializedSize()
            + TEMPLATE_OF_MESSAGE * chat.getMessagesCount()
            + (tools == 0 ? 0 : TEMPLATE_OF_TOOLS + TEMPLATE_OF_TOOL * tools);
      }
      case INPUT_NOT_SET -> 0;
    };
  }

  /// Of all choices of the answer.
  ///
  /// @param contextLength the longest of any target that serves the model
  public static long ofAnswer(RouteRequest request, long contextLength) {
    long most =
        request.getStop().hasMaxTokens()
            ? Integer.toUnsignedLong(request.getStop().getMaxTokens())
            : contextLength;
    return request.getChoices() * (contextLength > 0 ? Math.min(most, contextLength) : most);
  }
}
