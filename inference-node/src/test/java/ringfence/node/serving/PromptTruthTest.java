package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.KvType;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Prompt;

/// What a request's prompt becomes on a node: the very token ids, and so `usage.prompt_tokens`,
/// that llama.cpp makes of the same messages and the same file.
class PromptTruthTest {

  @Test
  void smollm2sPromptsAreLlamaCppsTokenByToken() throws Exception {
    check(TestModel.SMOLLM2, "smollm2-135m-instruct-q4_1");
  }

  @Test
  @Tag("large")
  void qwensPromptsAreLlamaCppsTokenByToken() throws Exception {
    check(TestModel.QWEN_CODER, "qwen2.5-coder-0.5b-instruct-q4_k_m");
  }

  @Test
  @Tag("large")
  void gemmasPromptsAreLlamaCppsTokenByToken() throws Exception {
    check(TestModel.GEMMA, "gemma-3-270m-q4_k_m");
  }

  private static void check(TestModel model, String truth) throws Exception {
    int checked = 0;
    try (InputStream json =
            PromptTruthTest.class.getResourceAsStream("/truth/greedy/" + truth + ".json");
        ServedModel served =
            ServedModel.open(
                model.file().toString(),
                new ServedModel.Options(
                    BackendKind.CPU,
                    "",
                    false,
                    -1,
                    KvType.F16,
                    1,
                    OptionalInt.of(1024),
                    64 << 20,
                    1,
                    0,
                    64))) {
      for (JsonNode prompt : new ObjectMapper().readTree(json).get("prompts")) {
        PromptReader.TokenizedPrompt read = new PromptReader(served).read(prompt(prompt));
        int[] expected = new int[prompt.get("prompt_ids").size()];
        for (int i = 0; i < expected.length; i++) {
          expected[i] = prompt.get("prompt_ids").get(i).intValue();
        }
        assertThat(read.tokens()).as(prompt.get("kind").asText()).isEqualTo(expected);
        assertThat(read.tokens()).hasSize(prompt.get("prompt_tokens").intValue());
        checked++;
      }
    }
    assertThat(checked).isGreaterThanOrEqualTo(20);
  }

  private static Prompt prompt(JsonNode prompt) {
    if (!prompt.hasNonNull("messages")) {
      return Prompt.newBuilder().setText(prompt.get("text").asText()).build();
    }
    Chat.Builder chat = Chat.newBuilder();
    for (JsonNode message : prompt.get("messages")) {
      chat.addMessages(
          ChatMessage.newBuilder()
              .setRole(message.get("role").asText())
              .addParts(ContentPart.newBuilder().setText(message.get("content").asText())));
    }
    return Prompt.newBuilder().setChat(chat).build();
  }
}
