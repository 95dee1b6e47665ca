package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Token;

/// One choice of an answer that is not streamed, as it grows. Bounded by the context length.
public final class Choice {
  private final StringBuilder text = new StringBuilder();
  private final List<LogProbs> logprobs = new ArrayList<>();
  private @Nullable Finish finish;
  private int echoLength;

  /// The prompt's text comes first.
  public void begin(String echo) {
    text.append(echo);
    echoLength = echo.length();
  }

  /// The next token.
  public void add(Token token) {
    text.append(token.getText());
    if (token.hasLogprobs()) {
      logprobs.add(token.getLogprobs());
    }
  }

  /// The end.
  public void end(Finish end) {
    text.append(end.getText());
    finish = end;
  }

  /// Whether the end has come.
  public boolean ended() {
    return finish != null;
  }

  String text() {
    return text.toString();
  }

  /// The text's beginning that is the echoed prompt.
  String echo() {
    return text.substring(0, echoLength);
  }

  List<LogProbs> logprobs() {
    return logprobs;
  }

  String finishReason() {
    return finish == null ? "stop" : FinishReasons.wire(finish.getReason());
  }

  @Override
  public String toString() {
    return "Choice[characters=" + text.length() + "]";
  }
}
