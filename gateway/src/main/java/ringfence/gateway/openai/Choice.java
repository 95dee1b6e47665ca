package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.ToolCallPart;

/// One choice of an answer that is not streamed, as it grows. Bounded by the context length.
public final class Choice {
  private final StringBuilder text = new StringBuilder();
  private final List<LogProbs> logprobs = new ArrayList<>();
  private final SortedMap<Integer, Call> calls = new TreeMap<>();
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
    for (ToolCallPart part : token.getToolCallsList()) {
      calls.computeIfAbsent(part.getIndex(), index -> new Call()).add(part);
    }
  }

  /// A call, as its parts come.
  private static final class Call {
    private final StringBuilder arguments = new StringBuilder();
    private String id = "";
    private String name = "";

    void add(ToolCallPart part) {
      id = part.getId().isEmpty() ? id : part.getId();
      name = part.getName().isEmpty() ? name : part.getName();
      arguments.append(part.getArgumentsJson());
    }

    ToolCallPart whole(int index) {
      return ToolCallPart.newBuilder()
          .setIndex(index)
          .setId(id)
          .setName(name)
          .setArgumentsJson(arguments.toString())
          .build();
    }
  }

  /// The calls that the model makes, whole and in order.
  List<ToolCallPart> calls() {
    List<ToolCallPart> whole = new ArrayList<>(calls.size());
    calls.forEach((index, call) -> whole.add(call.whole(index)));
    return whole;
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
