package ringfence.router.dispatch;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.ChoiceStart;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Token;

/// What of an answer has been delivered: each choice's token ids, which are its resume point.
final class AnswerProgress {
  private static final int FIRST_ROOM = 32;

  /// What becomes of an event.
  enum Step {
    /// It is the next one.
    DELIVER,
    /// It was delivered before.
    DROP,
    /// It leaves a gap or can't be: the attempt is broken.
    BROKEN
  }

  private final Choice[] choices;
  private int maxTokens = Integer.MAX_VALUE;

  AnswerProgress(int count) {
    choices = new Choice[count];
    for (int i = 0; i < count; i++) {
      choices[i] = new Choice();
    }
  }

  /// No choice can have more tokens than that.
  void limit(int tokens) {
    maxTokens = tokens;
  }

  Step token(Token token) {
    Choice choice = choice(token.getChoice());
    if (choice == null || token.getOffset() < 0) {
      return Step.BROKEN;
    }
    if (token.getOffset() < choice.length) {
      return Step.DROP;
    }
    if (choice.finished || token.getOffset() > choice.length || choice.length >= maxTokens) {
      return Step.BROKEN;
    }
    choice.add(token.getId());
    return Step.DELIVER;
  }

  Step finish(Finish finish) {
    Choice choice = choice(finish.getChoice());
    if (choice == null || finish.getOffset() != choice.length) {
      return Step.BROKEN;
    }
    if (choice.finished) {
      return Step.DROP;
    }
    choice.finished = true;
    return Step.DELIVER;
  }

  private @Nullable Choice choice(int index) {
    return index >= 0 && index < choices.length ? choices[index] : null;
  }

  // These four are asked with every token: no streams.

  boolean anyDelivered() {
    for (Choice choice : choices) {
      if (choice.finished || choice.length > 0) {
        return true;
      }
    }
    return false;
  }

  boolean allFinished() {
    for (Choice choice : choices) {
      if (!choice.finished) {
        return false;
      }
    }
    return true;
  }

  /// Choices that are still to be answered.
  int unfinished() {
    int unfinished = 0;
    for (Choice choice : choices) {
      unfinished += choice.finished ? 0 : 1;
    }
    return unfinished;
  }

  /// The answer's tokens, over all choices.
  int tokens() {
    int tokens = 0;
    for (Choice choice : choices) {
      tokens += choice.length;
    }
    return tokens;
  }

  /// Tokens of the longest choice that is still to be answered: with the prompt, what a target must
  /// prefill for it.
  int longestUnfinished() {
    return Arrays.stream(choices)
        .filter(choice -> !choice.finished)
        .mapToInt(choice -> choice.length)
        .max()
        .orElse(0);
  }

  /// Where each unfinished choice goes on.
  List<ChoiceStart> starts() {
    return IntStream.range(0, choices.length)
        .filter(index -> !choices[index].finished)
        .mapToObj(index ->
            ChoiceStart.newBuilder()
                .setIndex(index)
                .addAllAnswerTokenIds(choices[index].ids())
                .build())
        .toList();
  }

  private static final class Choice {
    private int[] ids = new int[0];
    private int length;
    private boolean finished;

    void add(int id) {
      if (length == ids.length) {
        ids = Arrays.copyOf(ids, Math.max(FIRST_ROOM, length * 2));
      }
      ids[length++] = id;
    }

    List<Integer> ids() {
      return Arrays.stream(ids, 0, length).boxed().toList();
    }
  }
}
