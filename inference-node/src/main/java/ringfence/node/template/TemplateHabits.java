package ringfence.node.template;

import java.time.LocalDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.ChatInput.Ending;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.Tool;
import ringfence.node.template.ChatInput.ToolCall;

/// In which shapes a template takes what the API leaves open. Found out by rendering small
/// conversations in each shape and looking what comes through.
///
/// @param typedParts content is a list of `{"type": "text", "text": ...}`, not a string
/// @param noneTools without tools the variable `tools` is none, as transformers has it; else there
///   is no such variable
/// @param stringArguments arguments of a tool call are JSON text, not an object
/// @param nullContent an assistant message that only calls tools has the content none, not an empty
///   string
/// @param knowsDeveloper the role `developer` means something to it; else such messages are the
///   system's
record TemplateHabits(
    boolean typedParts,
    boolean noneTools,
    boolean stringArguments,
    boolean nullContent,
    boolean knowsDeveloper) {
  private static final String NEEDLE = "Needle7";
  private static final String KEY = "Needle7Key";
  private static final String ARGUMENTS = "{\"" + KEY + "\": 1}";
  private static final LocalDateTime DAY = LocalDateTime.of(2026, 1, 2, 3, 4, 5);
  private static final Message QUESTION = Message.of("user", NEEDLE);
  private static final Tool TOOL =
      new Tool("search", "Finds things.", "{\"type\": \"object\", \"properties\": {}}");

  /// Renders a conversation in the shapes of these habits.
  interface Attempt {
    Text render(TemplateHabits habits, ChatInput input);
  }

  static TemplateHabits find(boolean knowsDeveloper, Attempt attempt) {
    TemplateHabits plain = new TemplateHabits(false, true, false, true, knowsDeveloper);
    TemplateHabits habits = plain;
    for (int shape = 0; shape < 4; shape++) {
      TemplateHabits tried =
          new TemplateHabits(shape > 1, shape % 2 == 0, false, true, knowsDeveloper);
      String rendered = attempt(attempt, tried, List.of(QUESTION), List.of());
      if (rendered != null && rendered.contains(NEEDLE)) {
        habits = tried;
        break;
      }
    }
    List<Message> call = List.of(QUESTION, call());
    for (List<Tool> tools : List.of(List.of(TOOL), List.<Tool>of())) {
      for (int shape = 0; shape < 4; shape++) {
        TemplateHabits tried = habits.withCalls(shape > 1, shape % 2 == 0);
        if (tried.keepsArguments(attempt(attempt, tried, call, tools))) {
          return tried;
        }
      }
    }
    return habits.withCalls(false, false);
  }

  private TemplateHabits withCalls(boolean asStrings, boolean withNull) {
    return new TemplateHabits(typedParts, noneTools, asStrings, withNull, knowsDeveloper);
  }

  private static Message call() {
    ToolCall call = new ToolCall("call12345", "search", ARGUMENTS);
    return new Message("assistant", List.of(), List.of(call), null, null, null);
  }

  private static @Nullable String attempt(
      Attempt attempt, TemplateHabits habits, List<Message> messages, List<Tool> tools) {
    try {
      return attempt
          .render(habits, new ChatInput(messages, tools, null, Ending.NOTHING, DAY))
          .chars();
    } catch (TemplateException refused) {
      return null;
    }
  }

  /// The arguments came through: a string as it was, an object not as Python would print it. Nor
  /// was an absent content printed.
  private boolean keepsArguments(@Nullable String rendered) {
    return rendered != null
        && !rendered.contains("None")
        && (stringArguments
            ? rendered.contains(ARGUMENTS)
            : rendered.contains(KEY) && !rendered.contains("'" + KEY + "'"));
  }
}
