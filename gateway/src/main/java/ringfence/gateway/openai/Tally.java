package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import ringfence.proto.v1.Usage;

/// OpenAI's `usage`: token counts over all prompts and choices of one answer.
public record Tally(long promptTokens, long answerTokens, long cachedPromptTokens) {
  /// Nothing counted yet.
  public static final Tally NONE = new Tally(0, 0, 0);

  /// This and the usage of another request to the router.
  public Tally plus(Usage usage) {
    return new Tally(
        promptTokens + usage.getPromptTokens(),
        answerTokens + usage.getAnswerTokens(),
        cachedPromptTokens + usage.getCachedPromptTokens());
  }

  void write(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", promptTokens);
    json.writeNumberField("completion_tokens", answerTokens);
    json.writeNumberField("total_tokens", promptTokens + answerTokens);
    json.writeObjectFieldStart("prompt_tokens_details");
    json.writeNumberField("cached_tokens", cachedPromptTokens);
    json.writeEndObject();
    json.writeEndObject();
  }
}
