package ringfence.node.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.ChatInput.Ending;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.Part;
import ringfence.node.template.ChatInput.TextPart;
import ringfence.node.tokenizer.MarkedText;

/// A model's chat template: a conversation to the text that the model was trained to read.
/// Immutable and safe for any number of threads.
///
/// The template is written in Jinja as Hugging Face's transformers runs it (`trim_blocks`,
/// `lstrip_blocks`, loop controls, the functions `raise_exception` and `strftime_now`). In the
/// result, only what the template itself or the model file wrote is trusted to spell special
/// tokens; whatever came with the conversation is not, however the template cut, joined or escaped
/// it.
public final class ChatTemplate {
  private static final String CHAT_ML =
      """
      {%- for message in messages -%}
      {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
      {%- endfor -%}
      {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
      """;
  private static final Set<String> RESERVED =
      Set.of(
          "messages",
          "tools",
          "documents",
          "add_generation_prompt",
          "bos_token",
          "eos_token",
          "strftime_now");

  /// Marks the end of a message that is to be continued; a noncharacter, so no text has it.
  private static final String TAG = "\uFDD0";

  private final Program program;
  private final String bosToken;
  private final String eosToken;
  private final TemplateHabits habits;

  private ChatTemplate(Program program, String bosToken, String eosToken) {
    this.program = program;
    this.bosToken = bosToken;
    this.eosToken = eosToken;
    boolean knowsDeveloper = program.mentions("'developer'") || program.mentions("\"developer\"");
    this.habits =
        TemplateHabits.find(knowsDeveloper, (shape, input) -> run(input, new ChatValues(shape)));
  }

  /// Reads a template.
  ///
  /// @param source `tokenizer.chat_template` of the model file
  /// @param bosToken spelling of the beginning-of-sequence token, empty for none
  /// @param eosToken spelling of the end-of-sequence token, empty for none
  /// @throws TemplateException if it is malformed, too large or has an unsupported statement
  public static ChatTemplate parse(String source, String bosToken, String eosToken) {
    return new ChatTemplate(Program.parse(source, TemplateLimits.DEFAULT), bosToken, eosToken);
  }

  /// The template of a model file, or, where the file has none but its vocabulary has ChatML's
  /// tokens `<|im_start|>` and `<|im_end|>`, ChatML.
  ///
  /// @param source null or blank where the file has none
  /// @param speaksChatMl the vocabulary has both tokens
  /// @throws TemplateException as [#parse], and of kind [TemplateException.Kind#MISSING] where
  ///   there is neither: such a model completes text but does not chat
  public static ChatTemplate parseOrChatMl(
      @Nullable String source, String bosToken, String eosToken, boolean speaksChatMl) {
    if (source != null && !source.isBlank()) {
      return parse(source, bosToken, eosToken);
    }
    if (speaksChatMl) {
      return parse(CHAT_ML, bosToken, eosToken);
    }
    throw TemplateException.withoutPlace(
        TemplateException.Kind.MISSING,
        "the model file has none, so the model takes plain text (completions), not messages");
  }

  /// Renders a conversation.
  ///
  /// @throws TemplateException if the template refuses it or fails on it, a limit is exceeded, or
  ///   JSON inside the input is malformed
  public MarkedText render(ChatInput input) {
    ChatValues values = new ChatValues(habits);
    return input.ending() == Ending.FINAL_MESSAGE
        ? renderUnfinished(input, values).marked()
        : run(input, values).marked();
  }

  private Text run(ChatInput input, ChatValues values) {
    Map<String, Value> variables = new HashMap<>();
    if (input.argumentsJson() != null && !input.argumentsJson().isBlank()) {
      for (Dict.Entry entry :
          ChatValues.object(input.argumentsJson(), "the template arguments").entries()) {
        String name = PythonText.of(entry.key(), new Budget(TemplateLimits.DEFAULT)).chars();
        if (RESERVED.contains(name) || Functions.BUILT_IN.containsKey(name)) {
          Set<String> reserved = new TreeSet<>(RESERVED);
          reserved.addAll(Functions.BUILT_IN.keySet());
          throw TemplateException.withoutPlace(
              TemplateException.Kind.INPUT,
              "template arguments cannot have these names: " + String.join(", ", reserved));
        }
        variables.put(name, entry.value());
      }
    }
    variables.put("messages", values.messages(input.messages()));
    Value tools = values.tools(input.tools());
    if (tools != null) {
      variables.put("tools", tools);
    }
    variables.put("documents", Value.None.NONE);
    variables.put("add_generation_prompt", Value.Bool.of(input.ending() == Ending.ASSISTANT_TURN));
    variables.put("bos_token", Text.trusted(bosToken));
    variables.put("eos_token", Text.trusted(eosToken));
    variables.put("strftime_now", TimeFormat.function(input.now()));
    return program.render(variables);
  }

  /// Renders with a tag at the end of the last message and cuts there. A template may trim the
  /// message; then blanks at its end, which the tag shielded, go too.
  private Text renderUnfinished(ChatInput input, ChatValues values) {
    if (input.messages().isEmpty() || input.messages().getLast().parts().isEmpty()) {
      throw TemplateException.withoutPlace(
          TemplateException.Kind.INPUT, "there is no final message to continue");
    }
    List<Message> messages = new ArrayList<>(input.messages());
    Message last = messages.removeLast();
    List<Part> parts = new ArrayList<>(last.parts());
    String unfinished =
        switch (parts.removeLast()) {
          case TextPart text -> text.text();
        };
    String tag = TAG;
    while (unfinished.contains(tag)) {
      tag += TAG;
    }
    parts.add(new TextPart(unfinished + tag + " "));
    messages.add(
        new Message(
            last.role(),
            parts,
            last.toolCalls(),
            last.toolCallId(),
            last.name(),
            last.reasoningContent()));
    Text whole =
        run(
            new ChatInput(
                messages, input.tools(), input.argumentsJson(), input.ending(), input.now()),
            values);
    int cut = whole.chars().lastIndexOf(tag);
    if (cut < 0) {
      throw TemplateException.withoutPlace(
          TemplateException.Kind.INPUT, "the template does not show the final message");
    }
    Text kept = whole.substring(0, cut);
    boolean trimmed = !whole.chars().startsWith(tag + " ", cut);
    return trimmed ? TextEdits.strip(kept, null, false, true) : kept;
  }
}
