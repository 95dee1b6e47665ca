package ringfence.node.serving;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.ChatInput;
import ringfence.node.template.TemplateException;
import ringfence.node.tokenizer.MarkedText;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCall;

/// A prompt message to token ids: rendered by the model's template where it is a chat, then
/// tokenized.
final class PromptReader {
  private static final int MAX_MESSAGES = 4096;
  private static final int MAX_TOOLS = 128;
  private static final int MAX_TEMPLATE_ARGUMENTS = 64 << 10;

  private final ServedModel model;

  PromptReader(ServedModel model) {
    this.model = model;
  }

  /// A prompt as the engine takes it. Prints without its content.
  ///
  /// @param text the prompt's own text, where it was given as one; empty for chats
  record TokenizedPrompt(int[] tokens, String text) {
    @Override
    public String toString() {
      return "TokenizedPrompt[tokens=" + tokens.length + "]";
    }
  }

  /// Reads a prompt of any kind.
  TokenizedPrompt read(Prompt prompt) {
    TokenizedPrompt read =
        switch (prompt.getInputCase()) {
          case CHAT ->
              new TokenizedPrompt(model.tokenizer().encode(render(prompt.getChat()), true), "");
          case TEXT ->
              new TokenizedPrompt(
                  model.tokenizer().encode(MarkedText.plain(prompt.getText()), true),
                  prompt.getText());
          case TOKEN_IDS ->
              new TokenizedPrompt(RequestReader.tokens(prompt.getTokenIds().getIdsList()), "");
          case INPUT_NOT_SET -> throw RequestReader.invalid("prompt", "there is none");
        };
    if (read.tokens().length == 0) {
      throw RequestReader.invalid("prompt", "it has no tokens");
    }
    return read;
  }

  private MarkedText render(Chat chat) {
    if (chat.getMessagesCount() < 1 || chat.getMessagesCount() > MAX_MESSAGES) {
      throw RequestReader.invalid("messages", "1 to " + MAX_MESSAGES + " messages");
    }
    if (chat.getToolsCount() > MAX_TOOLS) {
      throw RequestReader.invalid("tools", "at most " + MAX_TOOLS + " tools");
    }
    if (chat.getAnyTool() || chat.hasNamedTool()) {
      throw RequestReader.invalid("tool_choice", "'auto' or 'none': no answer is held to a call");
    }
    if (chat.getTemplateArgumentsJson().length() > MAX_TEMPLATE_ARGUMENTS) {
      throw RequestReader.invalid(
          "chat_template_kwargs", "at most " + (MAX_TEMPLATE_ARGUMENTS >> 10) + " KiB");
    }
    try {
      return model.render(
          new ChatInput(
              chat.getMessagesList().stream().map(PromptReader::message).toList(),
              chat.getToolsList().stream().map(PromptReader::tool).toList(),
              absent(chat.getTemplateArgumentsJson()),
              chat.getContinueFinalMessage()
                  ? ChatInput.Ending.FINAL_MESSAGE
                  : ChatInput.Ending.ASSISTANT_TURN,
              LocalDateTime.now(java.time.ZoneId.systemDefault())));
    } catch (TemplateException e) {
      throw Failures.of(Failure.Reason.TEMPLATE_FAILED, String.valueOf(e.getMessage()), "messages");
    }
  }

  private static ChatInput.Message message(ChatMessage message) {
    List<ChatInput.Part> parts = new ArrayList<>();
    for (ContentPart part : message.getPartsList()) {
      switch (part.getPartCase()) {
        case TEXT -> parts.add(new ChatInput.TextPart(part.getText()));
        case PART_NOT_SET ->
            throw RequestReader.invalid(
                "messages", "a content part of a kind that this node does not know");
      }
    }
    return new ChatInput.Message(
        message.getRole(),
        parts,
        message.getToolCallsList().stream().map(PromptReader::toolCall).toList(),
        absent(message.getToolCallId()),
        absent(message.getName()),
        absent(message.getReasoningContent()));
  }

  private static ChatInput.Tool tool(Tool tool) {
    return new ChatInput.Tool(
        tool.getName(), absent(tool.getDescription()), absent(tool.getParametersJson()));
  }

  private static ChatInput.ToolCall toolCall(ToolCall call) {
    return new ChatInput.ToolCall(call.getId(), call.getName(), call.getArgumentsJson());
  }

  // proto3 strings have no absence of their own; content.proto says that empty is absent.
  private static @Nullable String absent(String text) {
    return text.isEmpty() ? null : text;
  }
}
