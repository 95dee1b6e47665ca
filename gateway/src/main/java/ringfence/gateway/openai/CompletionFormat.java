package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenLogProb;

/// `text_completion`, whole and as chunks. `text_offset` counts code points from the beginning of
/// the choice's `text`, the echoed prompt included.
public final class CompletionFormat implements AnswerFormat {
  private static final String OBJECT = "text_completion";

  private final AnswerHead head;
  private final boolean includeUsage;
  private final boolean logprobs;
  private final Map<Integer, Integer> offsets = new HashMap<>();
  private String fingerprint = "";

  /// @param logprobs whether the client asked for log probabilities
  public CompletionFormat(AnswerHead head, boolean includeUsage, boolean logprobs) {
    this.head = head;
    this.includeUsage = includeUsage;
    this.logprobs = logprobs;
  }

  @Override
  public void answeredBy(String modelDigest) {
    fingerprint = Fingerprint.of(modelDigest);
  }

  @Override
  public byte[] begin(int choice, String echo) {
    if (echo.isEmpty()) {
      return Sse.NONE;
    }
    return chunk(choice, echo, null, null);
  }

  @Override
  public byte[] token(int choice, Token token) {
    if (token.getText().isEmpty() && !token.hasLogprobs()) {
      return Sse.NONE;
    }
    return chunk(choice, token.getText(), token.hasLogprobs() ? token.getLogprobs() : null, null);
  }

  @Override
  public byte[] finish(int choice, Finish finish) {
    return chunk(choice, finish.getText(), null, FinishReasons.wire(finish.getReason()));
  }

  @Override
  public byte[] usage(Tally tally) {
    if (!includeUsage) {
      return Sse.NONE;
    }
    return Sse.event(json -> {
      head.write(json, OBJECT, fingerprint);
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      tally.write(json);
    });
  }

  @Override
  public byte[] whole(List<Choice> choices, Tally tally) {
    return Sse.object(json -> {
      head.write(json, OBJECT, fingerprint);
      json.writeArrayFieldStart("choices");
      for (int i = 0; i < choices.size(); i++) {
        Choice choice = choices.get(i);
        json.writeStartObject();
        json.writeNumberField("index", i);
        json.writeStringField("text", choice.text());
        int from = choice.echo().codePointCount(0, choice.echo().length());
        writeLogprobs(json, logprobs ? choice.logprobs() : null, from);
        json.writeStringField("finish_reason", choice.finishReason());
        json.writeEndObject();
      }
      json.writeEndArray();
      tally.write(json);
    });
  }

  private byte[] chunk(
      int choice, String text, @Nullable LogProbs tokenLogprobs, @Nullable String finishReason) {
    return Sse.event(json -> {
      head.write(json, OBJECT, fingerprint);
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", choice);
      json.writeStringField("text", text);
      if (!logprobs) {
        json.writeNullField("logprobs");
      } else {
        int from = offsets.getOrDefault(choice, 0);
        int to = writeLogprobs(json, tokenLogprobs == null ? null : List.of(tokenLogprobs), from);
        // A chunk without a token moves on by its text: the echo, or what was held back to the end.
        offsets.put(
            choice, tokenLogprobs == null ? from + text.codePointCount(0, text.length()) : to);
      }
      json.writeStringField("finish_reason", finishReason);
      json.writeEndObject();
      json.writeEndArray();
      if (includeUsage) {
        json.writeNullField("usage");
      }
    });
  }

  /// Returns the offset after the last token.
  private static int writeLogprobs(JsonGenerator json, @Nullable List<LogProbs> tokens, int from)
      throws IOException {
    if (tokens == null) {
      json.writeNullField("logprobs");
      return from;
    }
    json.writeObjectFieldStart("logprobs");
    int offset = from;
    json.writeArrayFieldStart("text_offset");
    for (LogProbs token : tokens) {
      json.writeNumber(offset);
      offset += characters(token.getChosen());
    }
    json.writeEndArray();
    json.writeArrayFieldStart("tokens");
    for (LogProbs token : tokens) {
      json.writeString(TokenText.completion(token.getChosen().getToken()));
    }
    json.writeEndArray();
    json.writeArrayFieldStart("token_logprobs");
    for (LogProbs token : tokens) {
      json.writeNumber(LogProbability.finite(token.getChosen().getLogprob()));
    }
    json.writeEndArray();
    json.writeArrayFieldStart("top_logprobs");
    for (LogProbs token : tokens) {
      json.writeStartObject();
      for (Map.Entry<String, Float> top : topOf(token).entrySet()) {
        json.writeNumberField(top.getKey(), LogProbability.finite(top.getValue()));
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
    return offset;
  }

  /// The alternatives with the chosen token, each name once.
  private static Map<String, Float> topOf(LogProbs token) {
    var top = new LinkedHashMap<String, Float>();
    for (TokenLogProb alternative : token.getTopList()) {
      top.putIfAbsent(TokenText.completion(alternative.getToken()), alternative.getLogprob());
    }
    top.putIfAbsent(
        TokenText.completion(token.getChosen().getToken()), token.getChosen().getLogprob());
    return top;
  }

  /// Code points that begin in this token: continuation bytes of UTF-8 count nothing.
  private static int characters(TokenLogProb token) {
    int count = 0;
    for (int i = 0; i < token.getToken().size(); i++) {
      if ((token.getToken().byteAt(i) & 0xc0) != 0x80) {
        count++;
      }
    }
    return count;
  }
}
