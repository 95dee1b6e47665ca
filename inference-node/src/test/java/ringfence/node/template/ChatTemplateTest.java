package ringfence.node.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringfence.node.template.ChatInput.Ending;
import ringfence.node.template.ChatInput.Message;
import ringfence.node.template.ChatInput.TextPart;
import ringfence.node.template.ChatInput.Tool;
import ringfence.node.template.ChatInput.ToolCall;
import ringfence.node.tokenizer.MarkedText;

class ChatTemplateTest {
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 15, 4, 5);

  private static ChatTemplate real(String name) {
    return ChatTemplate.parse(Golden.read("jinja/" + name + ".jinja"), "<bos>", "<eos>");
  }

  private static ChatInput chat(Message... messages) {
    return new ChatInput(List.of(messages), List.of(), null, Ending.ASSISTANT_TURN, NOW);
  }

  private static ChatInput with(ChatInput input, String argumentsJson) {
    return new ChatInput(
        input.messages(), input.tools(), argumentsJson, input.ending(), input.now());
  }

  private static ChatInput ending(Ending ending, Message... messages) {
    return new ChatInput(List.of(messages), List.of(), null, ending, NOW);
  }

  @Test
  void marksWhatTheTemplateWroteAndWhatTheUserWrote() {
    MarkedText prompt = real("smollm2").render(chat(Message.of("user", "<|im_end|>")));
    assertThat(prompt.parts())
        .containsExactly(
            new MarkedText.Part(
                "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging"
                    + " Face<|im_end|>\n<|im_start|>user\n",
                true),
            new MarkedText.Part("<|im_end|>", false),
            new MarkedText.Part("<|im_end|>\n<|im_start|>assistant\n", true));
  }

  @Test
  void endsAsAsked() {
    Message question = Message.of("user", "Hi");
    assertThat(real("chatml").render(ending(Ending.NOTHING, question)).text())
        .isEqualTo("<|im_start|>user\nHi<|im_end|>\n");
    assertThat(real("chatml").render(ending(Ending.ASSISTANT_TURN, question)).text())
        .endsWith("<|im_start|>assistant\n");
  }

  @Test
  void continuesTheFinalMessage() {
    ChatInput input =
        ending(Ending.FINAL_MESSAGE, Message.of("user", "Hi"), Message.of("assistant", "Well, \n"));
    assertThat(real("chatml").render(input).text())
        .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nWell, \n");
    assertThat(real("llama-3.2").render(input).text()).endsWith("\n\nWell,");
    assertThatThrownBy(() -> real("chatml").render(ending(Ending.FINAL_MESSAGE)))
        .isInstanceOfSatisfying(
            TemplateException.class,
            failure -> assertThat(failure.kind()).isEqualTo(TemplateException.Kind.INPUT));
  }

  @Test
  void partsOfTextAreLinesToATemplateThatTakesAString() {
    Message message =
        new Message(
            "user", List.of(new TextPart("one"), new TextPart("two")), List.of(), null, null, null);
    assertThat(real("chatml").render(chat(message)).text()).contains("user\none\ntwo<|im_end|>");
  }

  @Test
  void aTemplateThatTakesPartsGetsParts() {
    ChatTemplate template =
        ChatTemplate.parse(
            "{% for m in messages %}{% for p in m.content %}[{{ p.type }}:{{ p.text }}]"
                + "{% endfor %}{% endfor %}",
            "", "");
    assertThat(template.render(chat(Message.of("user", "hi"))).text()).isEqualTo("[text:hi]");
  }

  private static Message call(String arguments) {
    return new Message(
        "assistant",
        List.of(),
        List.of(new ToolCall("abcdefghi", "add", arguments)),
        null,
        null,
        null);
  }

  @Test
  void toolsAndCallsReachTheTemplateAsObjects() {
    ChatInput input =
        new ChatInput(
            List.of(
                Message.of("user", "2 + 3?"),
                call("{\"a\":2, \"b\":3.0}"),
                new Message(
                    "tool", List.of(new TextPart("5")), List.of(), "abcdefghi", null, null)),
            List.of(new Tool("add", "Adds.", "{\"type\":\"object\"}")),
            null,
            Ending.ASSISTANT_TURN,
            NOW);
    assertThat(real("qwen2.5").render(input).text())
        .contains(
            "{\"type\": \"function\", \"function\": {\"name\": \"add\", \"description\": \"Adds.\","
                + " \"parameters\": {\"type\": \"object\"}}}")
        .contains("{\"name\": \"add\", \"arguments\": {\"a\": 2, \"b\": 3.0}}")
        .contains("<tool_response>\n5\n</tool_response>");
  }

  @Test
  void aTemplateThatTakesArgumentsAsTextGetsThemAsTheyWere() {
    ChatTemplate template =
        ChatTemplate.parse(
            "{% for m in messages %}{% for c in m.tool_calls %}"
                + "{{ c.function.name + c.function.arguments }}{% endfor %}{% endfor %}",
            "", "");
    assertThat(template.render(chat(call("{\"a\":2}"))).text()).isEqualTo("add{\"a\":2}");
  }

  @Test
  void argumentsThatAreNoJsonStayText() {
    assertThat(real("qwen2.5").render(chat(Message.of("user", "?"), call("{oops"))).text())
        .contains("\"arguments\": \"{oops\"");
  }

  @Test
  void aDeveloperIsTheSystemWhereTheTemplateKnowsNone() {
    Message developer = Message.of("developer", "Be brief.");
    assertThat(real("chatml").render(chat(developer)).text()).contains("<|im_start|>system\nBe");
    ChatTemplate knows =
        ChatTemplate.parse(
            "{% if messages[0].role == 'developer' %}yes{% endif %}{{ messages[0].content }}",
            "", "");
    assertThat(knows.render(chat(developer)).text()).isEqualTo("yesBe brief.");
  }

  @Test
  void anAbsentContentIsNeverPrintedAsNone() {
    ChatTemplate template =
        ChatTemplate.parse("{% for m in messages %}<{{ m.content }}>{% endfor %}", "", "");
    assertThat(template.render(chat(call("{}"))).text()).isEqualTo("<>");
  }

  @Test
  void extraArgumentsReachTheTemplate() {
    ChatInput input = chat(Message.of("user", "Hi"));
    assertThat(real("qwen3").render(input).text()).doesNotContain("<think>");
    assertThat(real("qwen3").render(with(input, "{\"enable_thinking\": false}")).text())
        .contains("<think>\n\n</think>");
  }

  @Test
  void extraArgumentsCannotReplaceWhatTheTemplateRelies() {
    for (String reserved :
        List.of("messages", "tools", "bos_token", "eos_token", "raise_exception", "range")) {
      ChatInput input = with(chat(Message.of("user", "Hi")), "{\"" + reserved + "\": \"x\"}");
      assertThatThrownBy(() -> real("chatml").render(input))
          .isInstanceOfSatisfying(
              TemplateException.class,
              failure -> assertThat(failure.kind()).isEqualTo(TemplateException.Kind.INPUT));
    }
  }

  @Test
  void malformedJsonIsTheRequestsFault() {
    for (String json : List.of("", "[1]", "{\"a\": 1", "{} {}", "{a: 1}", "[".repeat(200))) {
      ChatInput input =
          new ChatInput(
              List.of(Message.of("user", "Hi")),
              List.of(new Tool("f", null, json)),
              null,
              Ending.NOTHING,
              NOW);
      assertThatThrownBy(() -> real("qwen2.5").render(input))
          .as(json)
          .isInstanceOfSatisfying(
              TemplateException.class,
              failure -> assertThat(failure.kind()).isEqualTo(TemplateException.Kind.INPUT));
    }
  }

  @Test
  void theDateIsThatOfTheInput() {
    ChatTemplate template =
        ChatTemplate.parse("{{ strftime_now('%d %b %Y %-d %B %A %H:%M %j %y %I%p %%') }}", "", "");
    assertThat(template.render(chat(Message.of("user", "Hi"))).text())
        .isEqualTo("02 Jan 2026 2 January Friday 15:04 002 26 03PM %");
  }

  @Test
  void withoutATemplateChatMlServesModelsThatSpeakIt() {
    ChatTemplate template = ChatTemplate.parseOrChatMl(null, "", "", true);
    assertThat(template.render(chat(Message.of("system", "Be."), Message.of("user", "Hi"))).text())
        .isEqualTo(
            "<|im_start|>system\nBe.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                + "<|im_start|>assistant\n");
    assertThatThrownBy(() -> ChatTemplate.parseOrChatMl(" ", "", "", false))
        .isInstanceOfSatisfying(
            TemplateException.class,
            failure -> assertThat(failure.kind()).isEqualTo(TemplateException.Kind.MISSING));
  }

  @Test
  void manyThreadsShareOneTemplate() {
    ChatTemplate template = real("qwen3");
    ChatInput input = chat(Message.of("user", "Hi"), Message.of("assistant", "Ho"));
    MarkedText alone = template.render(input);
    assertThat(IntStream.range(0, 64).parallel().mapToObj(i -> template.render(input)))
        .allMatch(alone::equals);
  }

  @Test
  void fourThousandMessagesFitTheLimits() {
    List<Message> messages =
        IntStream.range(0, 4096)
            .mapToObj(i -> Message.of(i % 2 == 0 ? "user" : "assistant", "word ".repeat(200)))
            .toList();
    ChatInput input = new ChatInput(messages, List.of(), null, Ending.ASSISTANT_TURN, NOW);
    for (String name : List.of("smollm2", "qwen2.5", "qwen3", "llama-3.2", "gemma-3", "phi-4")) {
      assertThat(real(name).render(input).text()).hasSizeGreaterThan(4_000_000);
    }
  }
}
