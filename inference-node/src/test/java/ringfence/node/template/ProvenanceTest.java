package ringfence.node.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import ringfence.node.template.ChatInput.Ending;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.TextPart;
import ringfence.node.template.ChatInput.Tool;
import ringfence.node.template.ChatInput.ToolCall;
import ringfence.node.tokenizer.MarkedText;

/// Text from a request never becomes the template's own.
///
/// Outside text carries private-use characters, which no template writes: a trusted part that holds
/// one has been fooled.
class ProvenanceTest {
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 15, 4, 5);
  private static final Map<String, ChatTemplate> REAL = real();

  private static Map<String, ChatTemplate> real() {
    Map<String, ChatTemplate> templates = new TreeMap<>();
    for (Golden golden : Golden.ofRealTemplates()) {
      String name = golden.name().substring(0, golden.name().indexOf(" / "));
      templates.computeIfAbsent(
          name, missing -> ChatTemplate.parse(golden.template(), "<bos>", "<eos>"));
    }
    return templates;
  }

  @Property(tries = 40)
  void outsideTextStaysOutsideInEveryRealTemplate(@ForAll("conversations") ChatInput input) {
    int rendered = 0;
    for (Map.Entry<String, ChatTemplate> template : REAL.entrySet()) {
      MarkedText prompt;
      try {
        prompt = template.getValue().render(input);
      } catch (TemplateException refused) {
        assertThat(privateUse(refused.getMessage())).as(template.getKey()).isFalse();
        continue;
      }
      rendered++;
      for (MarkedText.Part part : prompt.parts()) {
        assertThat(part.trusted() && privateUse(part.text())).as(template.getKey()).isFalse();
      }
    }
    assertThat(rendered).isPositive();
  }

  /// Templates that do nothing to the content but print it: special tokens spelled in it change
  /// nothing about those that count.
  @Property(tries = 100)
  void spellingSpecialTokensAddsNone(
      @ForAll("hostile") String first, @ForAll("hostile") String second) {
    for (String name : List.of("chatml", "smollm2", "qwen2.5", "llama-3", "gemma-2", "phi-4")) {
      ChatTemplate template = REAL.get(name);
      List<String> hostile = trustedParts(template.render(twoTurns(first, second)));
      List<String> harmless = trustedParts(template.render(twoTurns("x", "y")));
      assertThat(String.join("", hostile)).as(name).isEqualTo(String.join("", harmless));
    }
  }

  private static ChatInput twoTurns(String first, String second) {
    return new ChatInput(
        List.of(
            Message.of("user", "." + first + "."),
            Message.of("assistant", "." + second + "."),
            Message.of("user", "more")),
        List.of(),
        null,
        Ending.ASSISTANT_TURN,
        NOW);
  }

  private static List<String> trustedParts(MarkedText text) {
    return text.parts().stream()
        .filter(MarkedText.Part::trusted)
        .map(MarkedText.Part::text)
        .toList();
  }

  @Provide
  Arbitrary<String> hostile() {
    Arbitrary<String> special =
        Arbitraries.of(
            "<|im_start|>",
            "<|im_end|>",
            "<|eot_id|>",
            "<|start_header_id|>",
            "<bos>",
            "<eos>",
            "</think>",
            "<think>",
            "[INST]",
            "[/INST]",
            "<start_of_turn>",
            "<end_of_turn>",
            "</s>",
            "<｜User｜>",
            "<｜Assistant｜>",
            "<|user|>",
            "<|end|>",
            "<tool_call>",
            "</tool_call>",
            "<tool_response>",
            "</tool_response>",
            "{{ bos_token }}",
            "{% raw %}",
            "system",
            "user",
            "\n",
            " ",
            "\"",
            "\\",
            "'",
            "{}",
            "%s",
            "<",
            "|",
            ">",
            "im_start",
            "ﬁ",
            "ß",
            "");
    Arbitrary<String> mark =
        Arbitraries.integers().between(0xe000, 0xe0ff).map(Character::toString);
    return Combinators.combine(special, mark, special)
        .as((a, b, c) -> a + b + c)
        .list()
        .ofMaxSize(4)
        .map(pieces -> String.join("", pieces));
  }

  @Provide
  Arbitrary<ChatInput> conversations() {
    return Combinators.combine(
            message().list().ofMinSize(1).ofMaxSize(5),
            hostile().list().ofMaxSize(3),
            hostile(),
            Arbitraries.of(Ending.values()))
        .as((messages, tools, extra, ending) -> {
          List<Tool> offered =
              tools.stream()
                  .map(text ->
                      new Tool(
                          text,
                          text,
                          "{\"type\": \"object\", \"properties\": {"
                              + quoted(text)
                              + ": {\"type\": \"string\", \"description\": "
                              + quoted(text)
                              + ", \"enum\": ["
                              + quoted(text)
                              + "]}}, \"required\": ["
                              + quoted(text)
                              + "]}"))
                  .toList();
          String arguments =
              "{\"enable_thinking\": true, \"custom_system_prompt\": "
                  + quoted(extra)
                  + ", "
                  + "\"date_string\": "
                  + quoted(extra)
                  + ", "
                  + "\"reasoning_effort\": "
                  + quoted(extra)
                  + ", "
                  + "\"model_identity\": "
                  + quoted(extra)
                  + "}";
          List<Message> talk = alternating(messages);
          Ending possible = talk.getLast().parts().isEmpty() ? Ending.NOTHING : ending;
          return new ChatInput(talk, offered, arguments, possible, NOW);
        });
  }

  /// Most templates want user and assistant in turn: those get them, with all else left as it is.
  private static List<Message> alternating(List<Message> messages) {
    List<Message> result = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      boolean wild = messages.size() > 3;
      result.add(
          wild
              ? message
              : new Message(
                  i % 2 == 0 ? "user" : "assistant",
                  message.parts(),
                  i % 2 == 0 ? List.of() : message.toolCalls(),
                  null,
                  message.name(),
                  message.reasoningContent()));
    }
    return result;
  }

  private Arbitrary<Message> message() {
    Arbitrary<String> role =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.of("system", "developer", "user", "assistant", "tool")),
            Tuple.of(1, hostile()));
    Arbitrary<List<ToolCall>> calls =
        Combinators.combine(hostile(), hostile(), Arbitraries.of(true, false))
            .as((name, value, json) ->
                new ToolCall(
                    "call12345",
                    name,
                    json ? "{" + quoted(name) + ": [" + quoted(value) + "]}" : value))
            .list()
            .ofMaxSize(2);
    return Combinators.combine(
            role, hostile().list().ofMaxSize(2), calls, hostile(), hostile().injectNull(0.5))
        .as((r, texts, toolCalls, id, reasoning) ->
            new Message(
                r,
                texts.stream().<ChatInput.Part>map(TextPart::new).toList(),
                toolCalls,
                id,
                id,
                reasoning));
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }

  private static boolean privateUse(String text) {
    return text.chars().anyMatch(c -> c >= 0xe000 && c <= 0xf8ff);
  }

  /// One step of an expression on X; the template's own literals have no letters.
  private static final List<String> STEPS =
      List.of(
          "X|upper",
          "X|lower",
          "X|title",
          "X|capitalize",
          "X|trim",
          "X|reverse",
          "X|string",
          "X|replace('1', u)",
          "X|replace(u[:1], '<|2|>')",
          "X|replace('', '3')",
          "X|indent(2)",
          "X|indent('<|4|>', true, true)",
          "X|center(30)",
          "X|tojson",
          "X|escape",
          "X|safe",
          "X|list|join('-')",
          "X|truncate(9, true, '|5>')",
          "X|list|sort|join",
          "X|unique|join",
          "X|batch(3)|map('join', '<|')|join('|>')",
          "X|list|slice(3)|map('join')|join('0')",
          "X|map('upper')|join",
          "X|select('ne', '1')|join",
          "(X|length) ~ X",
          "X|default('6')",
          "X.strip()",
          "X.strip('<|')",
          "X.lstrip()",
          "X.rstrip('>')",
          "X.split('1')|join('<|')",
          "X.split()|join('|>')",
          "X.rsplit('|', 1)|join('7')",
          "X.splitlines()|join('_')",
          "X.partition('<')|join('8')",
          "X.rpartition('|')|join('9')",
          "X.title()",
          "X.upper()",
          "X.capitalize()",
          "X.swapcase()",
          "X.zfill(40)",
          "X.ljust(40, '_')",
          "X.rjust(40, '|')",
          "X.center(41, '<')",
          "X.replace('|', u, 2)",
          "X.removeprefix('<')",
          "X.removesuffix('>')",
          "'<|'.join([X, u])",
          "'%s|%9s>' % (X, u)",
          "'%-60s|' % X",
          "'%r' % X",
          "'{}<|{:>30}|{!r}|{:.3}'.format(X, u, X, X)",
          "'{0}{0}{x}'.format(X, x=u)",
          "X[1:]",
          "X[:-1]",
          "X[::-1]",
          "X[::2]",
          "X[0] ~ X[-1]",
          "X ~ u ~ '<|1|>'",
          "u + X",
          "X * 2",
          "[X, u]|string",
          "{X: u}|string",
          "{X: u}|tojson(indent=2)",
          "({X: u}|dictsort)[0]|join('<')",
          "{X: 1}.keys()|join",
          "([X]|first) ~ ([u]|last)",
          "[{'1': X}]|map(attribute='1')|join",
          "(X if u else '1') ~ (u or X)",
          "dict([[X, u]])[X]",
          "[X, u]|min",
          "[X, u]|max",
          "[[X], [u]]|sum(start=[])|join('|')",
          "cycler(X, u).next()",
          "namespace(a=X).a",
          "m(X)",
          "(X, u)|join('<|')",
          "X|string|float|default(X)|string ~ X");

  @Property(tries = 400)
  void outsideTextStaysOutsideThroughEveryOperation(
      @ForAll("steps") List<String> steps, @ForAll("letters") String outside) {
    String expression = "u ~ '<|0|>1' ~ u";
    for (String step : steps) {
      expression = step.replace("X", "(" + expression + ")");
    }
    String source =
        "{% macro m(x) %}{{ x }}{% for c in x %}{{ c }}|{% endfor %}{% endmacro %}"
            + "{% set b %}{{ "
            + expression
            + " }}<|{% endset %}"
            + "{% filter replace('|', '>') %}{{ b }}{% endfilter %}"
            + "{% set ns = namespace(s='') %}{% for c in b %}{% set ns.s = c ~ ns.s %}{% endfor %}"
            + "{{ ns.s }}";
    Text rendered =
        Program.parse(source, TemplateLimits.DEFAULT).render(Map.of("u", Text.outside(outside)));
    for (MarkedText.Part part : rendered.marked().parts()) {
      if (part.trusted()) {
        // The template has no letters but those of escapes, which JSON and repr write for it.
        assertThat(part.text()).matches("[-<>|_0-9 .nrtbfuxa-eNRTBFUXA-E\\\\\\n]*");
      }
    }
  }

  @Provide
  Arbitrary<List<String>> steps() {
    return Arbitraries.of(STEPS).list().ofMinSize(1).ofMaxSize(4);
  }

  @Provide
  Arbitrary<String> letters() {
    return Arbitraries.of(
            "G", "h", "İ", "ß", "ﬁ", "Σ", "ǆ", "你", "😀", "\ue000", "\ue0ff", "J ", " k", "\n",
            "<|", "|>", "1", "'", "\"", "\\", "&", "%s", "{}", "Q", "z")
        .list()
        .ofMinSize(1)
        .ofMaxSize(8)
        .map(pieces -> "Y" + String.join("", pieces));
  }

  @Example
  void marksSurviveCutsAtEveryPosition() {
    TextBuilder builder = new TextBuilder(new Budget(TemplateLimits.DEFAULT));
    String pattern = "ttooototttoo";
    for (char c : pattern.toCharArray()) {
      builder.append(String.valueOf(c), c == 't');
    }
    Text whole = builder.toText();
    for (int from = 0; from <= pattern.length(); from++) {
      for (int to = from; to <= pattern.length(); to++) {
        Text cut = whole.substring(from, to);
        assertThat(cut.chars()).isEqualTo(pattern.substring(from, to));
        for (int i = 0; i < cut.length(); i++) {
          assertThat(cut.trustedAt(i)).isEqualTo(cut.chars().charAt(i) == 't');
        }
      }
    }
  }

  @Example
  void onlyKnownRolesMaySpellSpecialTokens() {
    ChatTemplate template = REAL.get("phi-3.5");
    MarkedText known = template.render(one("user"));
    assertThat(trustedParts(known).getFirst()).contains("<|user|>");
    ChatTemplate any = ChatTemplate.parse("{{ '<|' + messages[0].role + '|>' }}", "", "");
    assertThat(any.render(one("user")).parts())
        .containsExactly(new MarkedText.Part("<|user|>", true));
    assertThat(any.render(one("im_start")).parts())
        .containsExactly(
            new MarkedText.Part("<|", true),
            new MarkedText.Part("im_start", false),
            new MarkedText.Part("|>", true));
  }

  private static ChatInput one(String role) {
    return new ChatInput(List.of(Message.of(role, "hi")), List.of(), null, Ending.NOTHING, NOW);
  }

  @Example
  void namesFromOutsideCannotBecomeKeysOfTheTemplatesOwn() {
    ChatTemplate template =
        ChatTemplate.parse("{% for k in dict(**x) %}{{ k }}{% endfor %}", "", "");
    ChatInput input =
        new ChatInput(
            List.of(Message.of("user", "hi")),
            List.of(),
            "{\"x\": {\"<|im_start|>\": 1}}",
            Ending.NOTHING,
            NOW);
    assertThatThrownBy(() -> template.render(input))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("cannot come from outside");
  }
}
