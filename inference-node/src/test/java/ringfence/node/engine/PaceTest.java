package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// A simulated machine's timing, on a clock of our own.
class PaceTest {
  private static final long MILLI = 1_000_000;

  private final ToyBackend backend = new ToyBackend(64, 4, 400);
  private long now = 7;
  private boolean news;

  private Stepper stepper(int slots, Pace pace) {
    return new Stepper(
        backend,
        new ToyTokenizer(),
        ToyBackend.VOCABULARY,
        new TaskLimits(60, 256, ToyBackend.VOCABULARY),
        new EngineOptions(60, slots, 8, 400, 300, Duration.ZERO, pace),
        () -> now);
  }

  private static GenerationTask task(int salt, int choices, int tokens) {
    return task(salt, choices, tokens, Long.MAX_VALUE);
  }

  private static GenerationTask task(int salt, int choices, int tokens, long deadlineNanos) {
    List<ChoiceStart> starts = new ArrayList<>();
    for (int i = 0; i < choices; i++) {
      starts.add(new ChoiceStart(i, new int[0]));
    }
    return new GenerationTask(
        new int[] {1 + salt, 2, 3, 4, 5, 6},
        SamplingParameters.greedy(),
        new StopConditions(List.of(), tokens, true),
        -1,
        starts,
        deadlineNanos);
  }

  /// Submits a task whose tokens' times are noted.
  private Reader submit(Stepper stepper, GenerationTask task, List<Long> times) {
    Reader reader = new Reader(task);
    long start = now;
    reader.onToken = () -> times.add((now - start) / MILLI);
    stepper.add(running(task, reader));
    return reader;
  }

  private RunningTask running(GenerationTask task, Reader reader) {
    return new RunningTask(task, reader, () -> news = true, ended -> {}, now);
  }

  /// As the engine does: all tasks are looked at when there is news, else those that are due.
  private boolean turn(Stepper stepper) {
    boolean had = news;
    news = false;
    return stepper.turn(had);
  }

  /// Lets time pass from one thing that is due to the next.
  private void run(Stepper stepper, Reader... readers) {
    for (int turns = 0; turns < 10_000; turns++) {
      while (turn(stepper)) {
        // Until nothing is due.
      }
      boolean over = true;
      for (Reader reader : readers) {
        over &= reader.isOver();
      }
      if (over) {
        return;
      }
      now += stepper.nextWake();
    }
    throw new AssertionError("it never ends");
  }

  @Test
  void theFirstTokenComesInItsTimeAndEachOtherAfterTheOneBefore() {
    Stepper stepper = stepper(4, new Pace(300 * MILLI, 0, 20 * MILLI, 20 * MILLI, 4));
    List<Long> times = new ArrayList<>();
    Reader reader = submit(stepper, task(0, 1, 4), times);
    run(stepper, reader);
    assertThat(times).containsExactly(300L, 320L, 340L, 360L);
    assertThat(stepper.stats().speeds().getFirst().decodeTokensPerSecond())
        .isCloseTo(50, org.assertj.core.data.Percentage.withPercentage(1));
    assertThat(stepper.stats().speeds().getFirst().prefillTokensPerSecond())
        .isCloseTo(20, org.assertj.core.data.Percentage.withPercentage(1));
  }

  @Test
  void whatBecomesDueAfterItWasLookedAtIsNotSleptOver() {
    Stepper stepper = stepper(1, new Pace(50 * MILLI, 0, 10 * MILLI, 10 * MILLI, 1));
    Reader reader = submit(stepper, task(0, 1, 1), new ArrayList<>());
    turn(stepper);
    assertThat(turn(stepper)).isFalse();
    now += 51 * MILLI;
    assertThat(stepper.nextWake()).isZero();
    run(stepper, reader);
  }

  @Test
  void othersDoNotDisturbWhileThereAreSlots() {
    Stepper stepper = stepper(8, new Pace(300 * MILLI, 0, 20 * MILLI, 20 * MILLI, 8));
    List<Long> first = new ArrayList<>();
    List<Long> second = new ArrayList<>();
    Reader one = submit(stepper, task(0, 2, 3), first);
    turn(stepper);
    now += 7 * MILLI;
    Reader two = submit(stepper, task(1, 1, 3), second);
    run(stepper, one, two);
    assertThat(first).containsExactly(300L, 300L, 320L, 320L, 340L, 340L);
    assertThat(second).containsExactly(300L, 320L, 340L);
  }

  @Test
  void withoutASlotATaskWaits() {
    Stepper stepper = stepper(1, new Pace(100 * MILLI, 0, 10 * MILLI, 10 * MILLI, 1));
    List<Long> first = new ArrayList<>();
    List<Long> second = new ArrayList<>();
    Reader one = submit(stepper, task(0, 1, 3), first);
    Reader two = submit(stepper, task(1, 1, 1), second);
    turn(stepper);
    assertThat(stepper.stats().waitingSequences()).isEqualTo(1);
    run(stepper, one, two);
    assertThat(first).containsExactly(100L, 110L, 120L);
    assertThat(second).containsExactly(220L);
  }

  @Test
  void promptsWaitForEachOtherWhereTheySayAtWhatSpeed() {
    Stepper stepper = stepper(4, new Pace(10 * MILLI, 100, 10 * MILLI, 10 * MILLI, 4));
    List<Long> first = new ArrayList<>();
    List<Long> second = new ArrayList<>();
    Reader one = submit(stepper, task(0, 1, 1), first);
    Reader two = submit(stepper, task(1, 1, 1), second);
    run(stepper, one, two);
    assertThat(first).containsExactly(70L);
    assertThat(second).containsExactly(130L);
  }

  @Test
  void aFullMachineIsSlower() {
    Stepper stepper = stepper(3, new Pace(0, 0, 10 * MILLI, 30 * MILLI, 3));
    List<Long> alone = new ArrayList<>();
    run(stepper, submit(stepper, task(0, 1, 3), alone));
    List<Long> full = new ArrayList<>();
    run(stepper, submit(stepper, task(1, 3, 2), full));
    assertThat(alone).containsExactly(0L, 10L, 20L);
    assertThat(full).containsExactly(0L, 0L, 0L, 30L, 30L, 30L);
  }

  @Test
  void answersAreThoseOfAnEngineWithoutAPace() {
    Stepper paced = stepper(4, new Pace(100 * MILLI, 0, 10 * MILLI, 10 * MILLI, 4));
    Stepper unpaced = stepper(4, null);
    Reader one = submit(paced, task(3, 2, 20), new ArrayList<>());
    Reader two = submit(unpaced, task(3, 2, 20), new ArrayList<>());
    run(paced, one);
    run(unpaced, two);
    for (int choice = 0; choice < 2; choice++) {
      assertThat(one.choice(choice).tokens()).isEqualTo(two.choice(choice).tokens()).hasSize(20);
    }
  }

  @Test
  void aReaderThatComesBackGetsNoBurst() {
    Stepper stepper = stepper(1, new Pace(0, 0, 10 * MILLI, 10 * MILLI, 1));
    List<Long> times = new ArrayList<>();
    Reader reader = submit(stepper, task(0, 1, 4), times);
    turn(stepper);
    reader.ready = false;
    turn(stepper);
    now += 95 * MILLI;
    assertThat(turn(stepper)).as("nobody has said that there is room").isFalse();
    reader.ready = true;
    news = true;
    run(stepper, reader);
    assertThat(times).containsExactly(0L, 95L, 105L, 115L);
  }

  @Test
  void aTaskThatRestsHearsOfItsEnd() {
    Stepper stepper = stepper(4, new Pace(100 * MILLI, 0, 10 * MILLI, 10 * MILLI, 4));
    Reader cancelled = new Reader(task(0, 1, 4));
    RunningTask running = running(cancelled.task, cancelled);
    stepper.add(running);
    Reader late = new Reader(task(1, 1, 4, now + 50 * MILLI));
    stepper.add(running(late.task, late));
    Reader other = submit(stepper, task(2, 1, 4), new ArrayList<>());
    turn(stepper);
    assertThat(turn(stepper)).as("all rest").isFalse();

    running.cancel();
    assertThat(turn(stepper)).isTrue();
    assertThat(cancelled.isOver()).isTrue();

    assertThat(stepper.nextWake()).isEqualTo(50 * MILLI);
    now += 50 * MILLI;
    assertThat(turn(stepper)).isTrue();
    assertThat(late.failure).isNotNull();
    assertThat(late.failure.reason()).isEqualTo(EngineException.Reason.DEADLINE_EXCEEDED);

    assertThat(other.isOver()).isFalse();
    run(stepper, other);
  }

  @Test
  void aListenerThatThrowsEndsWithoutWaitingForItsNextToken() {
    Stepper stepper = stepper(4, new Pace(0, 0, 1000 * MILLI, 1000 * MILLI, 4));
    Reader reader = submit(stepper, task(0, 1, 4), new ArrayList<>());
    reader.onToken =
        () -> {
          throw new IllegalStateException("a bug of its own");
        };
    turn(stepper);
    assertThat(turn(stepper)).isTrue();
    assertThat(reader.failure).isNotNull();
    assertThat(reader.failure.reason()).isEqualTo(EngineException.Reason.INTERNAL);
  }
}
