package ringfence.router.policy.detector;

import java.util.function.Consumer;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCall;

/// Every text of a request that goes to a target.
final class PromptTexts {
  private PromptTexts() {}

  /// Whether there is content that is not text.
  static boolean hasUnreadable(RouteRequest request) {
    return request.getPrompt().hasTokenIds() && request.getPrompt().getTokenIds().getIdsCount() > 0;
  }

  static void each(RouteRequest request, Consumer<String> take) {
    Consumer<String> text =
        value -> {
          if (!value.isEmpty()) {
            take.accept(value);
          }
        };
    switch (request.getPrompt().getInputCase()) {
      case TEXT -> text.accept(request.getPrompt().getText());
      case CHAT -> chat(request.getPrompt().getChat(), text);
      case TOKEN_IDS, INPUT_NOT_SET -> {}
    }
    request.getStop().getStopList().forEach(text);
  }

  private static void chat(Chat chat, Consumer<String> text) {
    for (ChatMessage message : chat.getMessagesList()) {
      text.accept(message.getRole());
      text.accept(message.getName());
      text.accept(message.getToolCallId());
      text.accept(message.getReasoningContent());
      parts(message, text);
      for (ToolCall call : message.getToolCallsList()) {
        text.accept(call.getId());
        text.accept(call.getName());
        text.accept(call.getArgumentsJson());
      }
    }
    for (Tool tool : chat.getToolsList()) {
      text.accept(tool.getName());
      text.accept(tool.getDescription());
      text.accept(tool.getParametersJson());
    }
    text.accept(chat.getNamedTool());
    text.accept(chat.getTemplateArgumentsJson());
  }

  /// A template writes parts one after the other: something may lie across their borders.
  private static void parts(ChatMessage message, Consumer<String> text) {
    StringBuilder together = new StringBuilder();
    for (ContentPart part : message.getPartsList()) {
      text.accept(part.getText());
      if (message.getPartsCount() > 1) {
        together.append(part.getText());
      }
    }
    text.accept(together.toString());
  }
}
