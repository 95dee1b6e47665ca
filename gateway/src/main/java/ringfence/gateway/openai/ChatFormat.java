package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenLogProb;
import ringfence.proto.v1.ToolCallPart;

/// `chat.completion` and `chat.completion.chunk`.
public final class ChatFormat implements AnswerFormat {
  private static final String CHUNK = "chat.completion.chunk";

  private final AnswerHead head;
  private final boolean includeUsage;
  private final boolean logprobs;
  private String fingerprint = "";

  /// @param logprobs whether the client asked for log probabilities
  public ChatFormat(AnswerHead head, boolean includeUsage, boolean logprobs) {
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
    return chunk(
        choice,
        json -> {
          json.writeStringField("role", "assistant");
          json.writeStringField("content", echo);
          json.writeNullField("refusal");
        },
        null,
        null);
  }

  @Override
  public byte[] token(int choice, Token token) {
    if (token.getText().isEmpty() && !token.hasLogprobs() && token.getToolCallsCount() == 0) {
      return Sse.NONE;
    }
    return chunk(
        choice,
        json -> {
          if (!token.getText().isEmpty() || token.getToolCallsCount() == 0) {
            json.writeStringField("content", token.getText());
          }
          writeCallParts(json, token.getToolCallsList());
        },
        token.hasLogprobs() ? token.getLogprobs() : null,
        null);
  }

  /// Text that was held back gets a chunk of its own: clients expect none beside a finish reason.
  @Override
  public byte[] finish(int choice, Finish finish) {
    byte[] end = chunk(choice, json -> {}, null, FinishReasons.wire(finish.getReason()));
    if (finish.getText().isEmpty()) {
      return end;
    }
    byte[] rest =
        chunk(choice, json -> json.writeStringField("content", finish.getText()), null, null);
    byte[] both = Arrays.copyOf(rest, rest.length + end.length);
    System.arraycopy(end, 0, both, rest.length, end.length);
    return both;
  }

  @Override
  public byte[] usage(Tally tally) {
    if (!includeUsage) {
      return Sse.NONE;
    }
    return Sse.event(json -> {
      head.write(json, CHUNK, fingerprint);
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      tally.write(json);
    });
  }

  @Override
  public byte[] whole(List<Choice> choices, Tally tally) {
    return Sse.object(json -> {
      head.write(json, "chat.completion", fingerprint);
      json.writeArrayFieldStart("choices");
      for (int i = 0; i < choices.size(); i++) {
        Choice choice = choices.get(i);
        json.writeStartObject();
        json.writeNumberField("index", i);
        json.writeObjectFieldStart("message");
        json.writeStringField("role", "assistant");
        List<ToolCallPart> calls = choice.calls();
        json.writeStringField(
            "content", choice.text().isEmpty() && !calls.isEmpty() ? null : choice.text());
        json.writeNullField("refusal");
        writeCalls(json, calls);
        json.writeArrayFieldStart("annotations");
        json.writeEndArray();
        json.writeEndObject();
        writeLogprobs(json, logprobs ? choice.logprobs() : null);
        json.writeStringField("finish_reason", choice.finishReason());
        json.writeEndObject();
      }
      json.writeEndArray();
      tally.write(json);
    });
  }

  private static void writeCalls(JsonGenerator json, List<ToolCallPart> calls) throws IOException {
    if (calls.isEmpty()) {
      return;
    }
    json.writeArrayFieldStart("tool_calls");
    for (ToolCallPart call : calls) {
      json.writeStartObject();
      json.writeStringField("id", call.getId());
      json.writeStringField("type", "function");
      json.writeObjectFieldStart("function");
      json.writeStringField("name", call.getName());
      json.writeStringField("arguments", call.getArgumentsJson());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeCallParts(JsonGenerator json, List<ToolCallPart> parts)
      throws IOException {
    if (parts.isEmpty()) {
      return;
    }
    json.writeArrayFieldStart("tool_calls");
    for (ToolCallPart part : parts) {
      json.writeStartObject();
      json.writeNumberField("index", part.getIndex());
      if (!part.getId().isEmpty()) {
        json.writeStringField("id", part.getId());
        json.writeStringField("type", "function");
      }
      json.writeObjectFieldStart("function");
      if (!part.getName().isEmpty()) {
        json.writeStringField("name", part.getName());
      }
      json.writeStringField("arguments", part.getArgumentsJson());
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private byte[] chunk(
      int choice, Sse.Body delta, @Nullable LogProbs tokenLogprobs, @Nullable String finishReason) {
    return Sse.event(json -> {
      head.write(json, CHUNK, fingerprint);
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", choice);
      json.writeObjectFieldStart("delta");
      delta.write(json);
      json.writeEndObject();
      writeLogprobs(json, tokenLogprobs == null ? null : List.of(tokenLogprobs));
      json.writeStringField("finish_reason", finishReason);
      json.writeEndObject();
      json.writeEndArray();
      if (includeUsage) {
        json.writeNullField("usage");
      }
    });
  }

  private static void writeLogprobs(JsonGenerator json, @Nullable List<LogProbs> tokens)
      throws IOException {
    if (tokens == null) {
      json.writeNullField("logprobs");
      return;
    }
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("content");
    for (LogProbs token : tokens) {
      json.writeStartObject();
      writeToken(json, token.getChosen());
      json.writeArrayFieldStart("top_logprobs");
      for (TokenLogProb top : token.getTopList()) {
        json.writeStartObject();
        writeToken(json, top);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNullField("refusal");
    json.writeEndObject();
  }

  private static void writeToken(JsonGenerator json, TokenLogProb token) throws IOException {
    json.writeStringField("token", TokenText.chat(token.getToken()));
    json.writeNumberField("logprob", LogProbability.finite(token.getLogprob()));
    json.writeArrayFieldStart("bytes");
    ByteString bytes = token.getToken();
    for (int i = 0; i < bytes.size(); i++) {
      json.writeNumber(bytes.byteAt(i) & 0xff);
    }
    json.writeEndArray();
  }
}
