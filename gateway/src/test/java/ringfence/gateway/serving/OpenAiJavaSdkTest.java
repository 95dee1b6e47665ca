package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.PermissionDeniedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.GatewayTest;

/// OpenAI's own Java SDK, unchanged.
@GatewayTest
class OpenAiJavaSdkTest {
  @TestHTTPResource("/v1")
  URI base;

  private OpenAIClient client;

  @BeforeEach
  void connect() {
    client =
        OpenAIOkHttpClient.builder().baseUrl(base.toString()).apiKey("any").maxRetries(0).build();
  }

  @AfterEach
  void close() {
    client.close();
  }

  private static ChatCompletionCreateParams.Builder chat(String model, String text) {
    return ChatCompletionCreateParams.builder().model(model).addUserMessage(text);
  }

  @Test
  void listsModels() {
    assertThat(client.models().list().data()).extracting(Model::id).contains("echo");
    assertThat(client.models().retrieve("echo").ownedBy()).isEqualTo("ringfence");
  }

  @Test
  void streamsAChat() {
    var params =
        chat("echo", "one two three")
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      List<ChatCompletionChunk> chunks = stream.stream().toList();
      chunks.forEach(ChatCompletionChunk::validate);
      assertThat(
              chunks.stream()
                  .flatMap(chunk -> chunk.choices().stream())
                  .flatMap(choice -> choice.delta().content().stream())
                  .collect(Collectors.joining()))
          .isEqualTo("one two three");
      assertThat(chunks.getLast().usage().orElseThrow().completionTokens()).isEqualTo(3);
    }
  }

  @Test
  void answersWithChoicesLogprobsAndUsage() {
    ChatCompletion answer =
        client
            .chat()
            .completions()
            .create(chat("echo", "one two").n(2).logprobs(true).topLogprobs(2).build());
    answer.validate();
    assertThat(answer.choices()).hasSize(2);
    var tokens = answer.choices().get(1).logprobs().orElseThrow().content().orElseThrow();
    assertThat(tokens).hasSize(2);
    assertThat(tokens.getFirst().topLogprobs()).hasSize(2);
    assertThat(answer.usage().orElseThrow().totalTokens()).isEqualTo(6);
    assertThat(answer.choices().getFirst().finishReason())
        .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
  }

  @Test
  void completesText() {
    Completion answer =
        client
            .completions()
            .create(
                CompletionCreateParams.builder()
                    .model("echo")
                    .prompt("one two three")
                    .logprobs(2)
                    .maxTokens(2)
                    .build());
    answer.validate();
    assertThat(answer.choices().getFirst().text()).isEqualTo("one two");
    var logprobs = answer.choices().getFirst().logprobs().orElseThrow();
    assertThat(logprobs.textOffset().orElseThrow()).containsExactly(0L, 3L);
    assertThat(logprobs.tokens().orElseThrow()).containsExactly("one", " two");
  }

  @Test
  void throwsTypedErrors() {
    assertThatThrownBy(() -> create("nobody-has-it"))
        .isInstanceOfSatisfying(
            NotFoundException.class, error -> hasCode(error, "model_not_found"));
    assertThatThrownBy(() -> create("fails-CONTEXT_LENGTH_EXCEEDED"))
        .isInstanceOfSatisfying(
            BadRequestException.class, error -> hasCode(error, "context_length_exceeded"));
    assertThatThrownBy(() -> create("fails-NO_TARGET_IN_ZONE"))
        .isInstanceOf(PermissionDeniedException.class);
    assertThatThrownBy(() -> create("fails-NO_CAPACITY"))
        .isInstanceOfSatisfying(
            InternalServerException.class, error -> hasCode(error, "no_capacity"));
    assertThatThrownBy(
            () -> client.chat().completions().create(chat("echo", "x").temperature(7.0).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class, error -> assertThat(error.param()).hasValue("temperature"));
  }

  private void create(String model) {
    client.chat().completions().create(chat(model, "x").build());
  }

  private static void hasCode(OpenAIServiceException error, String code) {
    assertThat(error.code()).hasValue(code);
  }
}
