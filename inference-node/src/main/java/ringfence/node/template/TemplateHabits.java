package ringfence.node.template;

import java.time.LocalDateTime;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.ChatInput.Ending;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.Tool;
import ringfence.node.template.ChatInput.ToolCall;

/// In which shapes a template takes what the API leaves open. Found out by rendering small
/// conversations in each shape and looking what comes through.
///
/// @param typedParts content is a list of `{"type": "text", "text": ...}`, not a string
/// @param stringArguments arguments of a tool call are JSON text, not an object
/// @param nullContent an assistant message that only calls tools has the content none, not an empty
///   string
/// @param knowsDeveloper the role `developer` means something to it; else such messages are the
///   system's
record TemplateHabits(
    boolean typedParts, boolean stringArguments, boolean nullContent, boolean knowsDeveloper) {
  private static final String NEEDLE = "Needle7";
  private static final LocalDateTime DAY = LocalDateTime.of(2026, 1, 2, 3, 4, 5);
  private static final Message QUESTION = Message.of("user", NEEDLE);

  /// @param renderAs renders a conversation for given habits
  static TemplateHabits find(
      Program program, Function<TemplateHabits, Function<ChatInput, Text>> renderAs) {
    boolean developer = program.mentions("developer");
    TemplateHabits plain = new TemplateHabits(false, false, true, developer);
    TemplateHabits typed = new TemplateHabits(true, false, true, developer);
    ChatInput question = input(List.of(QUESTION));
    boolean typedParts =
        !shows(attempt(renderAs.apply(plain), question))
            && shows(attempt(renderAs.apply(typed), question));

    ChatInput call = input(List.of(QUESTION, call("{\"" + NEEDLE + "Key\": 1}")));
    TemplateHabits objects = new TemplateHabits(typedParts, false, true, developer);
    TemplateHabits emptied = new TemplateHabits(typedParts, false, false, developer);
    TemplateHabits strings = new TemplateHabits(typedParts, true, true, developer);
    TemplateHabits emptiedStrings = new TemplateHabits(typedParts, true, false, developer);
    boolean nullObject = keepsObject(attempt(renderAs.apply(objects), call));
    boolean emptyObject = keepsObject(attempt(renderAs.apply(emptied), call));
    boolean nullString = keepsString(attempt(renderAs.apply(strings), call));
    boolean emptyString = keepsString(attempt(renderAs.apply(emptiedStrings), call));
    if (!nullObject && !emptyObject && (nullString || emptyString)) {
      return new TemplateHabits(typedParts, true, nullString, developer);
    }
    return new TemplateHabits(typedParts, false, nullObject, developer);
  }

  private static Message call(String arguments) {
    ToolCall call = new ToolCall("call12345", "search", arguments);
    return new Message("assistant", List.<ChatInput.Part>of(), List.of(call), null, null, null);
  }

  private static ChatInput input(List<Message> messages) {
    Tool tool = new Tool("search", "Finds things.", "{\"type\": \"object\", \"properties\": {}}");
    return new ChatInput(messages, List.of(tool), null, Ending.NOTHING, DAY);
  }

  private static @Nullable String attempt(Function<ChatInput, Text> render, ChatInput input) {
    try {
      return render.apply(input).chars();
    } catch (TemplateException refused) {
      return null;
    }
  }

  private static boolean shows(@Nullable String rendered) {
    return rendered != null && rendered.contains(NEEDLE);
  }

  /// The key came through and not as Python would print it, nor did a none.
  private static boolean keepsObject(@Nullable String rendered) {
    return rendered != null
        && rendered.contains(NEEDLE + "Key")
        && !rendered.contains("'" + NEEDLE + "Key'")
        && !rendered.contains("None");
  }

  /// The JSON came through as it was, nor did a none.
  private static boolean keepsString(@Nullable String rendered) {
    return rendered != null
        && rendered.contains("{\"" + NEEDLE + "Key\": 1}")
        && !rendered.contains("None");
  }
}
