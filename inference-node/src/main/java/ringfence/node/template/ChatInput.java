package ringfence.node.template;

import java.time.LocalDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A conversation to be rendered. Everything in it is from outside: none of its text ever spells a
/// special token.
///
/// @param tools what the model may call; empty for none
/// @param argumentsJson a JSON object with more variables for the template (such as
///   `enable_thinking`), null for none
/// @param ending how the prompt ends
/// @param now the date and time that the template sees, in the zone that it is to be shown in
public record ChatInput(
    List<Message> messages,
    List<Tool> tools,
    @Nullable String argumentsJson,
    Ending ending,
    LocalDateTime now) {

  public ChatInput {
    messages = List.copyOf(messages);
    tools = List.copyOf(tools);
  }

  /// How a prompt ends.
  public enum Ending {
    /// With the words that open an answer of the assistant.
    ASSISTANT_TURN,
    /// In the middle of the last message, which the model continues.
    FINAL_MESSAGE,
    /// After the last message.
    NOTHING
  }

  /// One message.
  ///
  /// @param role `system`, `developer`, `user`, `assistant` or `tool`; others are passed on, as
  ///   text from outside
  /// @param parts the content in order; empty is an absent content
  /// @param toolCalls of assistant messages
  /// @param toolCallId of tool messages: which call this answers
  public record Message(
      String role,
      List<Part> parts,
      List<ToolCall> toolCalls,
      @Nullable String toolCallId,
      @Nullable String name,
      @Nullable String reasoningContent) {

    public Message {
      parts = List.copyOf(parts);
      toolCalls = List.copyOf(toolCalls);
    }

    /// A message that is only text.
    public static Message of(String role, String text) {
      return new Message(role, List.of(new TextPart(text)), List.of(), null, null, null);
    }
  }

  /// A piece of a message's content.
  public sealed interface Part {}

  /// Text. Several of them are several lines to a template that takes content as one string.
  public record TextPart(String text) implements Part {}

  /// A function that the model may call.
  ///
  /// @param parametersJson a JSON Schema object, null for none
  public record Tool(String name, @Nullable String description, @Nullable String parametersJson) {}

  /// A call that the model made earlier.
  ///
  /// @param argumentsJson as the model wrote it: usually, but not surely, a JSON object
  public record ToolCall(String id, String name, String argumentsJson) {}
}
