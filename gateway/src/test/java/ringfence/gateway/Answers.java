package ringfence.gateway;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Begun;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.LogProbs;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.RouteDone;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenLogProb;
import ringfence.proto.v1.ToolCallPart;
import ringfence.proto.v1.Usage;
import ringfence.proto.v1.Verdict;
import ringfence.proto.v1.Zone;

/// What [FakeRouter] answers. The model `echo` says the last prompt's words back, a token a word.
/// Others misbehave: `fails-REASON` at once, `breaks` after two tokens, `silent` accepts and says
/// nothing, `mute` does not even accept, `stuck` says one token and no more, `endless` never stops,
/// `split` sends characters in parts, `lies` ends too soon.
final class Answers {
  static final String DIGEST = "sha256:0123456789abcdef0123456789abcdef";

  static final int CONTEXT_LENGTH = 4096;

  private Answers() {}

  static @Nullable Failure failure(RouteRequest request) {
    String model = request.getModel();
    if (model.startsWith("fails-")) {
      return Failure.newBuilder()
          .setReason(Failure.Reason.valueOf(model.substring("fails-".length())))
          .setMessage("as the test wants it")
          .setRetryAfterMillis(2500)
          .build();
    }
    if (words(request).length > CONTEXT_LENGTH) {
      return Failure.newBuilder().setReason(Failure.Reason.CONTEXT_LENGTH_EXCEEDED).build();
    }
    boolean known =
        List.of(
                "echo",
                "publisher/echo",
                "breaks",
                "silent",
                "mute",
                "stuck",
                "endless",
                "split",
                "calls",
                "lies")
            .contains(model);
    return known ? null : Failure.newBuilder().setReason(Failure.Reason.UNKNOWN_MODEL).build();
  }

  static @Nullable Failure failureAfterEvents(RouteRequest request) {
    return request.getModel().equals("breaks")
        ? Failure.newBuilder().setReason(Failure.Reason.TARGET_LOST).build()
        : null;
  }

  static boolean hangs(RouteRequest request) {
    return List.of("silent", "mute", "stuck").contains(request.getModel());
  }

  static Status status(Failure failure) {
    return switch (failure.getReason()) {
      case UNKNOWN_MODEL, UNKNOWN_REQUEST -> Status.NOT_FOUND;
      case NO_CAPACITY, INSUFFICIENT_QUOTA, TOO_MANY_FAILURES -> Status.RESOURCE_EXHAUSTED;
      case DRAINING, TARGET_LOST, LEDGER_UNAVAILABLE -> Status.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Status.DEADLINE_EXCEEDED;
      case NO_TARGET_IN_ZONE, RESUME_MISMATCH -> Status.FAILED_PRECONDITION;
      case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
      case PERMISSION_DENIED, IDENTITY_MISMATCH -> Status.PERMISSION_DENIED;
      case CANCELLED -> Status.CANCELLED;
      case STALE_ATTEMPT -> Status.ABORTED;
      case INTERNAL, REASON_UNSPECIFIED, UNRECOGNIZED -> Status.INTERNAL;
      case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, TEMPLATE_FAILED, PROMPT_EXCEEDS_KV_BUDGET ->
          Status.INVALID_ARGUMENT;
    };
  }

  static Stream<RouteEvent> events(RouteRequest request) {
    String model = request.getModel();
    if (model.equals("mute")) {
      return Stream.empty();
    }
    Stream<RouteEvent> head = Stream.of(placement(), begun(request));
    return switch (model) {
      case "silent" -> head;
      case "stuck" -> Stream.concat(head, Stream.of(token(request, 0, 0, "one")));
      case "breaks" ->
          Stream.concat(head, Stream.of(token(request, 0, 0, "one"), token(request, 0, 1, " two")));
      case "endless" ->
          Stream.concat(
              head,
              IntStream.iterate(0, i -> i + 1)
                  .mapToObj(i -> token(request, 0, i, " word".repeat(20))));
      case "split" -> Stream.concat(head, split(request).stream());
      case "calls" -> Stream.concat(head, calls(request).stream());
      case "lies" -> Stream.concat(head, Stream.of(done(3, 0)));
      default -> Stream.concat(head, echo(request).stream());
    };
  }

  private static List<RouteEvent> echo(RouteRequest request) {
    String[] words = words(request);
    int limit =
        request.getStop().hasMaxTokens()
            ? Math.min(words.length, request.getStop().getMaxTokens())
            : words.length;
    var events = new ArrayList<RouteEvent>();
    int[] said = new int[request.getChoices()];
    boolean[] stopped = new boolean[request.getChoices()];
    for (int i = 0; i < limit; i++) {
      for (int choice = 0; choice < request.getChoices(); choice++) {
        if (request.getStop().getStopList().contains(words[i])) {
          stopped[choice] = true;
        }
        if (!stopped[choice]) {
          events.add(token(request, choice, i, (i == 0 ? "" : " ") + words[i]));
          said[choice]++;
        }
      }
    }
    for (int choice = 0; choice < request.getChoices(); choice++) {
      boolean cut = limit < words.length && !stopped[choice];
      events.add(
          finish(
              choice,
              said[choice],
              cut ? FinishReason.FINISH_REASON_LENGTH : FinishReason.FINISH_REASON_STOP,
              ""));
    }
    events.add(done(words.length, IntStream.of(said).sum()));
    return events;
  }

  /// Two calls whose parts come interleaved, as an upstream tells them.
  private static List<RouteEvent> calls(RouteRequest request) {
    return List.of(
        call(request, 0, ToolCallPart.newBuilder().setIndex(0).setId("c0").setName("find")),
        call(request, 1, ToolCallPart.newBuilder().setIndex(1).setId("c1").setName("read")),
        call(request, 2, ToolCallPart.newBuilder().setIndex(0).setArgumentsJson("{\"q\":")),
        call(request, 3, ToolCallPart.newBuilder().setIndex(1).setArgumentsJson("{}")),
        call(request, 4, ToolCallPart.newBuilder().setIndex(0).setArgumentsJson("1}")),
        finish(0, 5, FinishReason.FINISH_REASON_TOOL_CALLS, ""),
        done(1, 5));
  }

  private static RouteEvent call(RouteRequest request, int offset, ToolCallPart.Builder part) {
    RouteEvent.Builder event = token(request, 0, offset, "").toBuilder();
    event.getTokenBuilder().addToolCalls(part);
    return event.build();
  }

  /// A smile in two tokens, then text that was held back to the end.
  private static List<RouteEvent> split(RouteRequest request) {
    byte[] smile = "\uD83D\uDE00".getBytes(StandardCharsets.UTF_8);
    return List.of(
        token(request, 0, 0, "", ByteString.copyFrom(smile, 0, 2)),
        token(request, 0, 1, "\uD83D\uDE00", ByteString.copyFrom(smile, 2, 2)),
        token(request, 0, 2, "", ByteString.copyFromUtf8("end")),
        finish(0, 3, FinishReason.FINISH_REASON_STOP, "end"),
        done(1, 3));
  }

  private static String[] words(RouteRequest request) {
    String text =
        switch (request.getPrompt().getInputCase()) {
          case CHAT -> {
            var messages = request.getPrompt().getChat().getMessagesList();
            var parts = messages.getLast().getPartsList();
            yield parts.isEmpty() ? "nothing" : parts.getLast().getText();
          }
          case TEXT -> request.getPrompt().getText();
          case TOKEN_IDS -> request.getPrompt().getTokenIds().getIdsList().toString();
          case INPUT_NOT_SET -> "nothing";
        };
    return text.isBlank() ? new String[] {"nothing"} : text.strip().split("\\s+");
  }

  private static RouteEvent placement() {
    return RouteEvent.newBuilder()
        .setPlacement(
            Placement.newBuilder()
                .setAttempt(1)
                .setNode("node-1")
                .setZone(Zone.ZONE_SITE)
                .setReason("finish-time")
                .addVerdicts(
                    Verdict.newBuilder()
                        .setNode("node-1")
                        .setZone(Zone.ZONE_SITE)
                        .setDecidedBy("finish-time")
                        .setExplanation("chosen")
                        .setPredictedMillis(12.4))
                .addVerdicts(
                    Verdict.newBuilder()
                        .setNode("far")
                        .setZone(Zone.ZONE_EXTERNAL)
                        .setDecidedBy("zone")
                        .setExplanation("farther than the request's label")))
        .build();
  }

  private static RouteEvent begun(RouteRequest request) {
    return RouteEvent.newBuilder()
        .setBegun(
            Begun.newBuilder()
                .setPromptTokens(words(request).length)
                .setSeed(request.getSampling().getSeed())
                .setModelDigest(DIGEST)
                .setEchoText(request.getOutput().getEcho() ? request.getPrompt().getText() : ""))
        .build();
  }

  private static RouteEvent token(RouteRequest request, int choice, int offset, String text) {
    return token(request, choice, offset, text, ByteString.copyFromUtf8(text));
  }

  private static RouteEvent token(
      RouteRequest request, int choice, int offset, String text, ByteString bytes) {
    var token = Token.newBuilder().setChoice(choice).setOffset(offset).setId(7).setText(text);
    if (request.getOutput().hasTopLogprobs()) {
      var logprobs = LogProbs.newBuilder();
      logprobs.setChosen(logprob(bytes, -0.25f));
      int top = request.getOutput().getTopLogprobs();
      if (top > 0) {
        logprobs.addTop(logprob(bytes, -0.25f));
      }
      for (int i = 1; i < top; i++) {
        logprobs.addTop(logprob(ByteString.copyFromUtf8("other" + i), -1f - i));
      }
      token.setLogprobs(logprobs);
    }
    return RouteEvent.newBuilder().setToken(token).build();
  }

  private static TokenLogProb logprob(ByteString bytes, float value) {
    return TokenLogProb.newBuilder().setId(7).setLogprob(value).setToken(bytes).build();
  }

  private static RouteEvent finish(int choice, int length, FinishReason reason, String text) {
    return RouteEvent.newBuilder()
        .setFinish(
            Finish.newBuilder().setChoice(choice).setOffset(length).setReason(reason).setText(text))
        .build();
  }

  private static RouteEvent done(int promptTokens, int answerTokens) {
    return RouteEvent.newBuilder()
        .setDone(
            RouteDone.newBuilder()
                .setAttempts(1)
                .setUsage(
                    Usage.newBuilder()
                        .setPromptTokens(promptTokens)
                        .setAnswerTokens(answerTokens)
                        .setCachedPromptTokens(1)))
        .build();
  }
}
