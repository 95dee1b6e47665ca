package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.sampling.LogProb;

/// Keeps what it hears and checks the order of events.
final class Reader implements AnswerListener {
  /// One token event.
  record Event(int token, String text, List<LogProb> logProbs) {}

  /// The end of a choice.
  record End(FinishReason reason, String text, int length, String matchedStop) {}

  /// A choice as heard.
  static final class Choice {
    final int from;
    final List<Event> events = new ArrayList<>();
    @Nullable End end;

    Choice(int from) {
      this.from = from;
    }

    List<Integer> tokens() {
      return events.stream().map(Event::token).toList();
    }

    /// Token by token, with the text each released.
    List<String> texts() {
      return events.stream().map(Event::text).toList();
    }

    String text() {
      return String.join("", texts()) + (end == null ? "" : end.text());
    }
  }

  final TreeMap<Integer, Choice> choices = new TreeMap<>();
  final CountDownLatch over = new CountDownLatch(1);
  final GenerationTask task;
  boolean started;
  int promptTokens;
  int cachedTokens;
  volatile boolean ready = true;
  volatile @Nullable AnswerStatistics statistics;
  volatile @Nullable EngineException failure;
  Runnable onToken = () -> {};

  Reader(GenerationTask task) {
    this.task = task;
    task.choices().forEach(c -> choices.put(c.index(), new Choice(c.answer().length)));
  }

  Reader await() throws InterruptedException {
    assertThat(over.await(60, TimeUnit.SECONDS)).as("ended").isTrue();
    return this;
  }

  Choice choice(int index) {
    return choices.get(index);
  }

  boolean isOver() {
    return over.getCount() == 0;
  }

  @Override
  public void started(int promptTokens, int cachedPromptTokens) {
    assertThat(started).isFalse();
    assertThat(isOver()).isFalse();
    assertThat(cachedPromptTokens).isBetween(0, promptTokens);
    started = true;
    this.promptTokens = promptTokens;
    this.cachedTokens = cachedPromptTokens;
  }

  @Override
  public void token(int index, int offset, int token, String text, List<LogProb> logProbs) {
    Choice choice = choices.get(index);
    assertThat(started && !isOver() && choice.end == null).isTrue();
    assertThat(offset).isEqualTo(choice.from + choice.events.size());
    choice.events.add(new Event(token, text, logProbs));
    onToken.run();
  }

  @Override
  public void finished(
      int index, FinishReason reason, String text, int length, String matchedStop) {
    Choice choice = choices.get(index);
    assertThat(choice.end).isNull();
    assertThat(length).isEqualTo(choice.from + choice.events.size());
    choice.end = new End(reason, text, length, matchedStop);
  }

  @Override
  public void done(AnswerStatistics statistics) {
    assertThat(isOver()).isFalse();
    choices.forEach((index, choice) -> assertThat(choice.end).isNotNull());
    this.statistics = statistics;
    over.countDown();
  }

  @Override
  public void failed(EngineException failure) {
    assertThat(isOver()).isFalse();
    this.failure = failure;
    over.countDown();
  }

  @Override
  public boolean ready() {
    return ready;
  }
}
