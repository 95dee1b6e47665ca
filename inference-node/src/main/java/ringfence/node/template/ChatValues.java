package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.Part;
import ringfence.node.template.ChatInput.TextPart;
import ringfence.node.template.Value.Items;
import ringfence.node.template.Value.None;

/// A conversation as the values that templates expect, in the shapes of OpenAI's API and in the
/// order of keys that transformers users pass.
final class ChatValues {
  /// Roles that templates may put into the spelling of a special token (`<|user|>`): they are given
  /// as our own words, so that no character of the request gets there.
  private static final Set<String> KNOWN_ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function");

  private final TemplateHabits habits;

  ChatValues(TemplateHabits habits) {
    this.habits = habits;
  }

  Items messages(List<Message> messages) {
    List<Value> values = new ArrayList<>(messages.size());
    for (Message message : messages) {
      values.add(message(message));
    }
    return Items.list(values);
  }

  private Dict message(Message message) {
    Dict value = new Dict();
    value.put("role", role(message.role()));
    value.put("content", content(message));
    if (message.name() != null) {
      value.put("name", Text.outside(message.name()));
    }
    if (message.reasoningContent() != null) {
      value.put("reasoning_content", Text.outside(message.reasoningContent()));
    }
    if (!message.toolCalls().isEmpty()) {
      List<Value> calls = new ArrayList<>();
      message.toolCalls().forEach(call -> calls.add(call(call)));
      value.put("tool_calls", Items.list(calls));
    }
    if (message.toolCallId() != null) {
      value.put("tool_call_id", Text.outside(message.toolCallId()));
    }
    return value;
  }

  private Text role(String role) {
    String known = role.equals("developer") && !habits.knowsDeveloper() ? "system" : role;
    return Text.of(known, KNOWN_ROLES.contains(known));
  }

  private Value content(Message message) {
    if (message.parts().isEmpty()) {
      return habits.nullContent() && !message.toolCalls().isEmpty() ? None.NONE : Text.EMPTY;
    }
    if (!habits.typedParts()) {
      return Text.outside(
          message.parts().stream().map(ChatValues::text).collect(Collectors.joining("\n")));
    }
    List<Value> parts = new ArrayList<>();
    for (Part part : message.parts()) {
      parts.add(new Dict().put("type", Text.trusted("text")).put("text", Text.outside(text(part))));
    }
    return Items.list(parts);
  }

  private static String text(Part part) {
    return switch (part) {
      case TextPart text -> text.text();
    };
  }

  private Dict call(ChatInput.ToolCall call) {
    Dict value = new Dict();
    if (!call.id().isEmpty()) {
      value.put("id", Text.outside(call.id()));
    }
    value.put("type", Text.trusted("function"));
    return value.put(
        "function",
        new Dict()
            .put("name", Text.outside(call.name()))
            .put("arguments", arguments(call.argumentsJson())));
  }

  /// An object where the template takes one and the model wrote one, else the text as it is.
  private Value arguments(String json) {
    if (habits.stringArguments()) {
      return Text.outside(json);
    }
    Value parsed = json.isBlank() ? new Dict() : JsonReader.read(json);
    return parsed instanceof Dict ? parsed : Text.outside(json);
  }

  /// The value of `tools`, or null where there is to be no such variable.
  @Nullable Value tools(List<ChatInput.Tool> tools) {
    if (tools.isEmpty()) {
      return habits.noneTools() ? None.NONE : null;
    }
    List<Value> values = new ArrayList<>();
    for (ChatInput.Tool tool : tools) {
      Dict function = new Dict().put("name", Text.outside(tool.name()));
      if (tool.description() != null) {
        function.put("description", Text.outside(tool.description()));
      }
      if (tool.parametersJson() != null) {
        function.put("parameters", object(tool.parametersJson(), "a tool's parameters"));
      }
      values.add(new Dict().put("type", Text.trusted("function")).put("function", function));
    }
    return Items.list(values);
  }

  static Dict object(String json, String what) {
    if (JsonReader.read(json) instanceof Dict dict) {
      return dict;
    }
    throw TemplateException.withoutPlace(
        TemplateException.Kind.INPUT, what + " must be a JSON object");
  }
}
