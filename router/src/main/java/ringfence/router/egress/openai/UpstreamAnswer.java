package ringfence.router.egress.openai;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenLogProb;
import ringfence.proto.v1.ToolCallPart;
import ringfence.proto.v1.Usage;
import ringfence.router.Failures;

/// One attempt's answer as an upstream streams it: its events in, ours out. An upstream tells text
/// and no tokens; each piece of text becomes one event, whose size in tokens is an estimate.
///
/// The attempt counts as started with the first piece of its answer, and not before: until then
/// another target can take over.
public final class UpstreamAnswer {
  private static final int USUAL_BYTES_PER_TOKEN = 4;
  private static final int MOST_CALLS = 128;

  private final int attempt;
  private final String origin;
  private final boolean chat;
  private final int[] offsets;
  private final boolean[] finished;
  private boolean started;
  private boolean done;
  private Usage usage = Usage.getDefaultInstance();

  /// @param origin says which model of which upstream answers
  /// @param chat whether it answers a chat; a completion otherwise
  public UpstreamAnswer(int attempt, String origin, boolean chat, int choices) {
    this.attempt = attempt;
    this.origin = origin;
    this.chat = chat;
    this.offsets = new int[choices];
    this.finished = new boolean[choices];
  }

  /// What an event of the stream brings.
  ///
  /// @param data of the event
  /// @throws UpstreamBrokenException when it can't be or says that it has failed; nothing of the
  ///   event is in the message
  public List<GenerationEvent> take(String data) throws UpstreamBrokenException {
    List<GenerationEvent> events = new ArrayList<>();
    if (data.equals("[DONE]")) {
      end(events);
      return events;
    }
    JsonTree event;
    try {
      event = JsonTree.of(data);
    } catch (IOException malformed) {
      throw broken("sent an event that is not JSON");
    }
    if (event.at("error").isObject()) {
      throw new UpstreamBrokenException(refusal(0, event, Optional.empty()));
    }
    for (JsonTree choice : event.at("choices").items()) {
      choice(choice, events);
    }
    JsonTree counts = event.at("usage");
    if (counts.isObject()) {
      usage =
          Usage.newBuilder()
              .setPromptTokens(counts.at("prompt_tokens").count())
              .setAnswerTokens(counts.at("completion_tokens").count())
              .setCachedPromptTokens(counts.at("prompt_tokens_details").at("cached_tokens").count())
              .build();
    }
    return events;
  }

  /// What the stream's end brings, where it did not say that it was done.
  ///
  /// @throws UpstreamBrokenException when the answer has not ended
  public List<GenerationEvent> end() throws UpstreamBrokenException {
    List<GenerationEvent> events = new ArrayList<>();
    end(events);
    return events;
  }

  private void end(List<GenerationEvent> events) throws UpstreamBrokenException {
    if (done) {
      return;
    }
    for (boolean choice : finished) {
      if (!choice) {
        throw broken("ended the answer early");
      }
    }
    done = true;
    events.add(event().setDone(Done.newBuilder().setUsage(usage)).build());
  }

  /// What it counted; nothing until it said so.
  public Usage usage() {
    return usage;
  }

  private void choice(JsonTree choice, List<GenerationEvent> events)
      throws UpstreamBrokenException {
    int index = choice.at("index").count();
    if (index >= finished.length) {
      throw broken("answered a choice that was not asked for");
    }
    JsonTree delta = choice.at("delta");
    String text = chat ? delta.at("content").text() : choice.at("text").text();
    List<ToolCallPart> calls = calls(delta);
    List<LogProbs> logprobs = logprobs(choice.at("logprobs").at("content"));
    if (!text.isEmpty() || !calls.isEmpty() || !logprobs.isEmpty()) {
      if (finished[index]) {
        throw broken("went on after a choice's end");
      }
      text(index, text, calls, logprobs, events);
    }
    String reason = choice.at("finish_reason").text();
    if (!reason.isEmpty() && !finished[index]) {
      finished[index] = true;
      start(events);
      events.add(
          event()
              .setFinish(
                  Finish.newBuilder()
                      .setChoice(index)
                      .setReason(reason(reason))
                      .setOffset(offsets[index]))
              .build());
    }
  }

  /// With log probabilities each token is told by itself; the text is the first one's.
  private void text(
      int choice,
      String text,
      List<ToolCallPart> calls,
      List<LogProbs> logprobs,
      List<GenerationEvent> events) {
    start(events);
    Token.Builder token = Token.newBuilder().setText(text).addAllToolCalls(calls);
    if (logprobs.isEmpty()) {
      int bytes = text.getBytes(StandardCharsets.UTF_8).length;
      for (ToolCallPart call : calls) {
        bytes += call.getNameBytes().size() + call.getArgumentsJsonBytes().size();
      }
      token.setStandsFor((bytes + USUAL_BYTES_PER_TOKEN - 1) / USUAL_BYTES_PER_TOKEN);
    } else {
      token.setLogprobs(logprobs.getFirst());
    }
    add(choice, token, events);
    for (int i = 1; i < logprobs.size(); i++) {
      add(choice, Token.newBuilder().setLogprobs(logprobs.get(i)), events);
    }
  }

  private void add(int choice, Token.Builder token, List<GenerationEvent> events) {
    events.add(event().setToken(token.setChoice(choice).setOffset(offsets[choice]++)).build());
  }

  private void start(List<GenerationEvent> events) {
    if (!started) {
      started = true;
      events.add(
          event()
              .setStarted(Started.newBuilder().setModelDigest(origin).setCountsAtEnd(true))
              .build());
    }
  }

  private GenerationEvent.Builder event() {
    return GenerationEvent.newBuilder().setAttempt(attempt);
  }

  private static List<ToolCallPart> calls(JsonTree delta) throws UpstreamBrokenException {
    List<ToolCallPart> calls = new ArrayList<>();
    for (JsonTree call : delta.at("tool_calls").items()) {
      int index = call.at("index").count();
      if (index >= MOST_CALLS) {
        throw broken("made more than " + MOST_CALLS + " calls");
      }
      calls.add(
          ToolCallPart.newBuilder()
              .setIndex(index)
              .setId(call.at("id").text())
              .setName(call.at("function").at("name").text())
              .setArgumentsJson(call.at("function").at("arguments").text())
              .build());
    }
    return calls;
  }

  private static List<LogProbs> logprobs(JsonTree content) {
    List<LogProbs> logprobs = new ArrayList<>();
    for (JsonTree token : content.items()) {
      LogProbs.Builder one = LogProbs.newBuilder().setChosen(logprob(token));
      for (JsonTree top : token.at("top_logprobs").items()) {
        one.addTop(logprob(top));
      }
      logprobs.add(one.build());
    }
    return logprobs;
  }

  private static TokenLogProb logprob(JsonTree token) {
    List<JsonTree> bytes = token.at("bytes").items();
    ByteString spelling;
    if (bytes.isEmpty()) {
      spelling = ByteString.copyFromUtf8(token.at("token").text());
    } else {
      byte[] raw = new byte[bytes.size()];
      for (int i = 0; i < raw.length; i++) {
        raw[i] = (byte) bytes.get(i).count();
      }
      spelling = ByteString.copyFrom(raw);
    }
    return TokenLogProb.newBuilder()
        .setLogprob((float) token.at("logprob").number())
        .setToken(spelling)
        .build();
  }

  private static FinishReason reason(String reason) {
    return switch (reason) {
      case "length" -> FinishReason.FINISH_REASON_LENGTH;
      case "tool_calls", "function_call" -> FinishReason.FINISH_REASON_TOOL_CALLS;
      default -> FinishReason.FINISH_REASON_STOP;
    };
  }

  private static UpstreamBrokenException broken(String how) {
    return new UpstreamBrokenException(Failures.of(Reason.TARGET_LOST, "the upstream " + how));
  }

  /// A refusal, from its status and body. An upstream's own message may quote the prompt: nothing
  /// of it goes on, only the code where it is one that we know.
  ///
  /// @param status HTTP status; 0: in mid-stream
  /// @param retryAfterSeconds that it asks for
  public static Failure refusal(int status, String body, Optional<Long> retryAfterSeconds) {
    try {
      return refusal(status, JsonTree.of(body), retryAfterSeconds);
    } catch (IOException notJson) {
      return byStatus(status, retryAfterSeconds);
    }
  }

  private static Failure refusal(int status, JsonTree body, Optional<Long> retryAfterSeconds) {
    return switch (body.at("error").at("code").text()) {
      case "context_length_exceeded" ->
          Failures.of(
                  Reason.CONTEXT_LENGTH_EXCEEDED,
                  "the prompt is longer than the upstream's context")
              .toBuilder()
              .setParameter("messages")
              .build();
      case "insufficient_quota" ->
          Failures.of(Reason.NO_CAPACITY, "the upstream's own quota for this router is used up");
      default -> byStatus(status, retryAfterSeconds);
    };
  }

  private static Failure byStatus(int status, Optional<Long> retryAfterSeconds) {
    return switch (status) {
      case 400, 413, 422 ->
          Failures.of(
              Reason.INVALID_REQUEST, "the upstream refused the request (HTTP " + status + ")");
      case 401, 403 ->
          Failures.of(
              Reason.INTERNAL, "the upstream refused the router's key (HTTP " + status + ")");
      case 404 -> Failures.of(Reason.UNKNOWN_MODEL, "the upstream does not know the model");
      case 429 ->
          Failures.of(Reason.NO_CAPACITY, "the upstream has too much to do (HTTP 429)").toBuilder()
              .setRetryAfterMillis(1_000L * Math.clamp(retryAfterSeconds.orElse(0L), 0, 3_600))
              .build();
      case 0 -> Failures.of(Reason.TARGET_LOST, "the upstream failed in mid-answer");
      default -> Failures.of(Reason.TARGET_LOST, "the upstream failed (HTTP " + status + ")");
    };
  }
}
