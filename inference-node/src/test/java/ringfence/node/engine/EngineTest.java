package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.AnswerListener.FinishReason;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;

class EngineTest {
  private static final long LATER = TimeUnit.HOURS.toNanos(1);

  private final ToyBackend backend = new ToyBackend(16, 4, 64);
  private Engine engine = engine(EngineOptions.of(1000, 4, 2, 32));

  private Engine engine(EngineOptions options) {
    return new Engine("toy", backend, new ToyTokenizer(), ToyBackend.VOCABULARY, options);
  }

  @AfterEach
  void close() {
    engine.close();
    assertThat(engine.isAlive()).isFalse();
  }

  private static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> i * 7 % ToyTokenizer.END).toArray();
  }

  private static GenerationTask task(int prompt, int maxTokens) {
    return task(
        tokens(prompt),
        SamplingParameters.greedy(),
        new StopConditions(List.of(), maxTokens, true),
        List.of(new ChoiceStart(0, new int[0])));
  }

  private static GenerationTask task(
      int[] prompt, SamplingParameters sampling, StopConditions stop, List<ChoiceStart> choices) {
    return new GenerationTask(prompt, sampling, stop, -1, choices, System.nanoTime() + LATER);
  }

  private Reader answer(GenerationTask task) throws InterruptedException {
    Reader reader = new Reader(task);
    engine.submit(task, reader);
    return reader.await();
  }

  @Test
  void anAnswerHasAsManyTokensAsAskedFor() throws InterruptedException {
    Reader reader = answer(task(5, 12));

    assertThat(reader.choice(0).tokens()).hasSize(12);
    assertThat(reader.choice(0).end.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(reader.statistics.promptTokens()).isEqualTo(5);
    assertThat(reader.statistics.answerTokens()).isEqualTo(12);
    assertThat(engine.stats().freeKvTokens()).isBetween(0, 64);
  }

  @Test
  void theSameTaskHasTheSameAnswer() throws InterruptedException {
    assertThat(answer(task(9, 20)).choice(0).tokens())
        .isEqualTo(answer(task(9, 20)).choice(0).tokens());
  }

  @Test
  void anAnswerEndsWhereTheContextDoes() throws InterruptedException {
    engine.close();
    engine = engine(EngineOptions.of(10, 4, 2, 32));

    assertThat(answer(task(7, 100)).choice(0).end.length()).isEqualTo(3);
  }

  @Test
  void anAnswerEndsWhereTheKvCacheDoes() throws InterruptedException {
    Reader reader = answer(task(60, 100));

    // The last token needs no place in the cache.
    assertThat(reader.choice(0).end.length()).isEqualTo(5);
    assertThat(reader.choice(0).end.reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void anEndTokenIsNoPartOfTheAnswer() throws InterruptedException {
    SamplingParameters toTheEnd =
        new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(ToyTokenizer.END, 100f), 0);
    Reader reader =
        answer(
            task(
                tokens(3),
                toTheEnd,
                new StopConditions(List.of(), 9, false),
                List.of(new ChoiceStart(0, new int[] {1}))));

    assertThat(reader.choice(0).events).isEmpty();
    assertThat(reader.choice(0).end).isEqualTo(new Reader.End(FinishReason.STOP, "", 1, ""));
    assertThat(reader.statistics.answerTokens()).isEqualTo(1);
  }

  @Test
  void theRepetitionPenaltyCountsThePromptToo() throws InterruptedException {
    int first = answer(task(5, 1)).choice(0).tokens().getFirst();
    int[] prompt = tokens(5);
    prompt[0] = first;
    SamplingParameters never = new SamplingParameters(0, 0, 1, 0, 100, 0, 0, Map.of(), 0);
    StopConditions stop = new StopConditions(List.of(), 5, true);
    List<ChoiceStart> fresh = List.of(new ChoiceStart(0, new int[0]));

    List<Integer> answer = answer(task(prompt, never, stop, fresh)).choice(0).tokens();
    assertThat(answer).doesNotHaveDuplicates();
    for (int token : prompt) {
      assertThat(answer).doesNotContain(token);
    }
  }

  @Test
  void tokensDrawnByTheBackendAreTakenAsTheyAre() throws InterruptedException {
    SamplingParameters sampling =
        new SamplingParameters(1, 20, 0.9f, 0, 1.1f, 0.1f, 0, Map.of(3, 2f), 42);
    List<ChoiceStart> choices =
        List.of(
            new ChoiceStart(0, new int[0]),
            new ChoiceStart(1, new int[] {5, 2}),
            new ChoiceStart(4, new int[0]));
    GenerationTask plain = task(tokens(11), sampling, task(1, 9).stop(), choices);
    GenerationTask task =
        new GenerationTask(
            plain.prompt(), sampling, plain.stop(), 3, choices, plain.deadlineNanos());
    Reader onHost = answer(task);
    backend.drawsOnDevice = true;
    Reader onDevice = answer(task);

    for (ChoiceStart choice : choices) {
      assertThat(onDevice.choice(choice.index()).events)
          .isNotEmpty()
          .isEqualTo(onHost.choice(choice.index()).events);
    }
  }

  @Test
  void aDrawThatFailsFailsItsTaskAlone() throws InterruptedException {
    backend.drawsOnDevice = true;
    backend.failingSeed = 13;
    SamplingParameters failing = new SamplingParameters(1, 0, 1, 0, 1, 0, 0, Map.of(), 13);
    GenerationTask doomed = task(tokens(5), failing, task(1, 9).stop(), task(1, 9).choices());
    Reader other = new Reader(task(5, 12));
    engine.submit(other.task, other);
    Reader reader = answer(doomed);

    assertThat(reader.failure)
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INTERNAL));
    assertThat(other.await().choice(0).tokens()).hasSize(12);
  }

  @Test
  void choicesShareTheirPrompt() throws InterruptedException {
    SamplingParameters sampling = new SamplingParameters(1, 0, 1, 0, 1, 0, 0, Map.of(), 42);
    List<ChoiceStart> choices =
        IntStream.range(0, 4).mapToObj(i -> new ChoiceStart(i, new int[0])).toList();
    StopConditions stop = new StopConditions(List.of(), 6, true);
    Reader all = answer(task(tokens(14), sampling, stop, choices));

    assertThat(backend.copies).isEqualTo(3);
    assertThat(engine.stats().totals().promptTokens()).isEqualTo(14);
    for (ChoiceStart choice : choices) {
      Reader alone = answer(task(tokens(14), sampling, stop, List.of(choice)));
      assertThat(alone.choice(choice.index()).tokens())
          .isEqualTo(all.choice(choice.index()).tokens());
    }
    assertThat(all.choices.values().stream().map(Reader.Choice::tokens).distinct().count())
        .isEqualTo(4);
  }

  @Test
  void aSecondPromptFindsTheFirstInThePrefixCache() throws InterruptedException {
    assertThat(answer(task(17, 2)).statistics.cachedPromptTokens()).isZero();
    assertThat(answer(task(17, 2)).statistics.cachedPromptTokens()).isEqualTo(16);
    assertThat(answer(task(16, 2)).statistics.cachedPromptTokens()).isEqualTo(12);
  }

  @Test
  void aCompleteAnswerIsFinishedAtOnce() throws InterruptedException {
    int[] answer = {0, 1, 2};
    Reader full =
        answer(
            task(
                tokens(3),
                SamplingParameters.greedy(),
                new StopConditions(List.of(), 3, true),
                List.of(new ChoiceStart(0, answer))));
    assertThat(full.choice(0).end).isEqualTo(new Reader.End(FinishReason.LENGTH, "", 3, ""));

    Reader stopped =
        answer(
            task(
                tokens(3),
                SamplingParameters.greedy(),
                new StopConditions(List.of("ba"), 9, true),
                List.of(new ChoiceStart(0, answer))));
    assertThat(stopped.choice(0).end).isEqualTo(new Reader.End(FinishReason.STOP, "", 3, "ba"));
    assertThat(backend.forwards).isZero();
  }

  @Test
  void wrongTasksAreRefused() {
    StopConditions stop = new StopConditions(List.of(), 3, true);
    ChoiceStart fresh = new ChoiceStart(0, new int[0]);
    SamplingParameters greedy = SamplingParameters.greedy();

    assertRefused(Reason.INVALID_REQUEST, task(new int[0], greedy, stop, List.of(fresh)));
    assertRefused(Reason.INVALID_REQUEST, task(new int[] {-1}, greedy, stop, List.of(fresh)));
    assertRefused(
        Reason.INVALID_REQUEST, task(new int[] {ToyTokenizer.SIZE}, greedy, stop, List.of(fresh)));
    assertRefused(Reason.INVALID_REQUEST, task(tokens(3), greedy, stop, List.of()));
    assertRefused(Reason.INVALID_REQUEST, task(tokens(3), greedy, stop, List.of(fresh, fresh)));
    assertRefused(
        Reason.INVALID_REQUEST,
        task(tokens(3), greedy, new StopConditions(List.of(""), 3, true), List.of(fresh)));
    assertRefused(
        Reason.INVALID_REQUEST,
        task(
            tokens(3),
            new SamplingParameters(Float.NaN, 0, 1, 0, 1, 0, 0, Map.of(), 0),
            stop,
            List.of(fresh)));
    assertRefused(
        Reason.INVALID_REQUEST,
        task(
            tokens(3),
            new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(99, 1f), 0),
            stop,
            List.of(fresh)));
    assertRefused(Reason.CONTEXT_LENGTH_EXCEEDED, task(1000, 1));
    assertRefused(Reason.PROMPT_EXCEEDS_KV_BUDGET, task(65, 1));
  }

  private void assertRefused(Reason reason, GenerationTask task) {
    assertThatReason(reason, () -> engine.submit(task, new Reader(task)));
  }

  private static void assertThatReason(Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @Test
  void theTaskBeyondTheQueueIsRefusedAndOthersAreNot() throws InterruptedException {
    Reader[] readers = new Reader[6];
    Answer[] answers = new Answer[6];
    for (int i = 0; i < 6; i++) {
      readers[i] = new Reader(task(3, 5));
      readers[i].ready = false;
      answers[i] = engine.submit(readers[i].task, readers[i]);
    }
    assertRefused(Reason.NO_CAPACITY, task(3, 5));

    for (int i = 0; i < 6; i++) {
      readers[i].ready = true;
      answers[i].readerReady();
    }
    for (Reader reader : readers) {
      assertThat(reader.await().choice(0).end.length()).isEqualTo(5);
    }
    assertThat(answer(task(3, 5)).choice(0).tokens()).isEqualTo(readers[0].choice(0).tokens());
  }

  @Test
  void aSlowReaderHearsNoMoreThanItCanTake() throws InterruptedException {
    Reader reader = new Reader(task(3, 40));
    CountDownLatch paused = new CountDownLatch(1);
    reader.onToken =
        () -> {
          if (reader.choice(0).events.size() == 10) {
            reader.ready = false;
            paused.countDown();
          }
        };
    Answer answer = engine.submit(reader.task, reader);
    assertThat(paused.await(60, TimeUnit.SECONDS)).isTrue();

    // Another's whole answer takes more steps than the first would need to its end.
    answer(task(4, 50));
    assertThat(reader.choice(0).events).hasSize(10);

    reader.ready = true;
    answer.readerReady();
    assertThat(reader.await().choice(0).events).hasSize(40);
  }

  @Test
  void cancelEndsATaskThatWaitsForItsReader() throws InterruptedException {
    Reader reader = new Reader(task(3, 40));
    reader.ready = false;
    Answer answer = engine.submit(reader.task, reader);
    answer.cancel();

    assertThat(reader.await().choice(0).end.reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(engine.drain(Duration.ofSeconds(60))).isTrue();
  }

  @Test
  void aDeadlineEndsATaskThatNobodyReads() throws InterruptedException {
    GenerationTask soon =
        new GenerationTask(
            tokens(3),
            SamplingParameters.greedy(),
            new StopConditions(List.of(), 5, true),
            -1,
            List.of(new ChoiceStart(0, new int[0])),
            System.nanoTime() + 1_000_000);
    Reader reader = new Reader(soon);
    reader.ready = false;
    engine.submit(soon, reader);

    assertThat(reader.await().failure.reason()).isEqualTo(Reason.DEADLINE_EXCEEDED);
  }

  @Test
  void aListenerThatThrowsEndsItsOwnTaskAlone() throws InterruptedException {
    Reader broken = new Reader(task(3, 50));
    broken.onToken =
        () -> {
          throw new IllegalStateException("reader");
        };
    Reader sound = new Reader(task(4, 50));
    engine.submit(broken.task, broken);
    engine.submit(sound.task, sound);

    assertThat(broken.await().failure.reason()).isEqualTo(Reason.INTERNAL);
    assertThat(sound.await().choice(0).end.length()).isEqualTo(50);
  }

  @Test
  void aBackendThatFailsEndsTheTasksOfItsBatchAlone() throws InterruptedException {
    backend.beforeForward =
        () -> {
          backend.beforeForward = () -> {};
          throw new IllegalStateException("device");
        };
    assertThat(answer(task(3, 5)).failure.reason()).isEqualTo(Reason.INTERNAL);
    assertThat(answer(task(3, 5)).choice(0).end.length()).isEqualTo(5);
  }

  @Test
  void drainTakesNoNewTasksAndFinishesTheOld() throws InterruptedException {
    Reader reader = new Reader(task(3, 50));
    engine.submit(reader.task, reader);

    assertThat(engine.drain(Duration.ofSeconds(60))).isTrue();
    assertThat(reader.await().choice(0).end.length()).isEqualTo(50);
    assertRefused(Reason.SHUTTING_DOWN, task(3, 5));
  }

  @Test
  void closeFailsWhatStillRuns() throws InterruptedException {
    Reader reader = new Reader(task(3, 50));
    reader.ready = false;
    engine.submit(reader.task, reader);
    engine.close();

    assertThat(reader.await().failure.reason()).isEqualTo(Reason.SHUTTING_DOWN);
    assertRefused(Reason.SHUTTING_DOWN, task(3, 5));
    assertThat(engine.stats().runningSequences() + engine.stats().waitingSequences()).isZero();
    assertThat(engine.stats().freeKvTokens()).isEqualTo(64);
  }

  @Test
  void logProbabilitiesAreTheModelsOwn() throws InterruptedException {
    GenerationTask plain = task(5, 4);
    GenerationTask task =
        new GenerationTask(
            plain.prompt(),
            new SamplingParameters(2, 0, 1, 0, 1, 0, 0, Map.of(3, 50f), 1),
            plain.stop(),
            5,
            plain.choices(),
            plain.deadlineNanos());
    Reader reader = answer(task);

    for (Reader.Event event : reader.choice(0).events) {
      assertThat(event.token()).isEqualTo(3);
      assertThat(event.logProbs()).hasSize(6);
      assertThat(event.logProbs().getFirst().token()).isEqualTo(3);
      float[] top = tail(event.logProbs().stream().mapToDouble(LogProb::logProb).toArray());
      float[] sorted = top.clone();
      Arrays.sort(sorted);
      for (int i = 0; i < top.length; i++) {
        assertThat(top[i]).isEqualTo(sorted[sorted.length - 1 - i]).isNegative();
      }
    }
  }

  private static float[] tail(double[] values) {
    float[] tail = new float[values.length - 1];
    for (int i = 0; i < tail.length; i++) {
      tail[i] = (float) values[i + 1];
    }
    return tail;
  }
}
