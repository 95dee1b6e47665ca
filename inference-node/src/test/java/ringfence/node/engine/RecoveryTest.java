package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringfence.node.compute.BackendFailure;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// What becomes of answers when the device is lost or full; `ScheduleTest` does it at random.
class RecoveryTest {
  private static final int PAGES = 12;
  private static final int PAGE_TOKENS = 4;

  private final ToyBackend backend = new ToyBackend(PAGES, PAGE_TOKENS, 32);
  private final TaskLimits limits = new TaskLimits(60, PAGES * PAGE_TOKENS, ToyTokenizer.SIZE);
  private long now;
  private final Stepper stepper =
      new Stepper(
          backend,
          new ToyTokenizer(),
          ToyBackend.VOCABULARY,
          limits,
          new EngineOptions(60, 4, 8, 32, 8, Duration.ZERO),
          () -> now);

  private Reader add(int promptTokens, int answerTokens) {
    GenerationTask task =
        new GenerationTask(
            IntStream.range(0, promptTokens).map(i -> i % 7).toArray(),
            SamplingParameters.greedy(),
            new StopConditions(List.of(), answerTokens, true),
            -1,
            List.of(new ChoiceStart(0, new int[0])),
            Long.MAX_VALUE);
    Reader reader = new Reader(task);
    stepper.add(new RunningTask(task, reader, () -> {}, ended -> {}, now));
    return reader;
  }

  private void turns(int count) {
    for (int i = 0; i < count; i++) {
      if (!stepper.turn(true) && backend.isLost()) {
        now += stepper.nextWake();
      }
    }
  }

  @Test
  void anAnswerGoesOnAfterEachLoss() {
    List<Integer> undisturbed = new RecoveryTest().answer(Integer.MAX_VALUE);
    assertThat(undisturbed).hasSize(10);
    for (int at = 1; at <= 10; at++) {
      List<Integer> disturbed = new RecoveryTest().answer(at);
      assertThat(disturbed).as("lost before pass %d", at).isEqualTo(undisturbed);
    }
  }

  private List<Integer> answer(int lostBefore) {
    int[] losses = {lostBefore == Integer.MAX_VALUE ? 0 : 1};
    backend.beforeForward =
        () -> {
          if (backend.forwards + 1 >= lostBefore && losses[0]-- > 0) {
            backend.lose();
          }
        };
    Reader reader = add(6, 10);
    turns(40);
    assertThat(reader.isOver()).isTrue();
    assertThat(losses[0]).isLessThanOrEqualTo(0);
    return reader.choice(0).tokens();
  }

  @Test
  void waitsLongerEachTimeAndThenGivesUp() {
    backend.beforeRestart =
        () -> {
          throw new BackendFailure(BackendFailure.Kind.LOST, "gone", null);
        };
    backend.lose();
    add(6, 10);
    List<Long> waits = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100; i++) {
                stepper.turn(true);
                if (stepper.nextWake() > 0) {
                  waits.add(stepper.nextWake() / 1_000_000);
                  now += stepper.nextWake();
                }
              }
            })
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.reason()).isEqualTo(Reason.SHUTTING_DOWN));
    assertThat(waits).containsExactly(250L, 500L, 1000L, 2000L, 4000L);
    assertThat(backend.restarts).isZero();
  }

  @Test
  void aFullDeviceGetsSmallerStepsAndLargerOnesLater() {
    int[] full = {3};
    backend.beforeForward =
        () -> {
          if (full[0]-- > 0) {
            throw new BackendFailure(BackendFailure.Kind.OUT_OF_MEMORY, "full", null);
          }
        };
    List<Reader> readers = List.of(add(10, 3), add(10, 3), add(10, 3));
    turns(100);
    readers.forEach(r -> assertThat(r.choice(0).tokens()).hasSize(3));
    // Three times halved.
    assertThat(backend.largestBatch).isLessThanOrEqualTo(4);
    assertThat(backend.restarts).isZero();
    for (int i = 0; i < 120; i++) {
      add(2, 20);
      turns(25);
    }
    add(24, 1);
    turns(4);
    assertThat(backend.largestBatch).isGreaterThan(8);
  }

  @Test
  void aDeviceThatStaysFullIsRestarted() {
    backend.beforeForward =
        () -> {
          if (backend.restarts == 0) {
            throw new BackendFailure(BackendFailure.Kind.OUT_OF_MEMORY, "full", null);
          }
        };
    Reader reader = add(10, 3);
    turns(20);
    assertThat(reader.choice(0).tokens()).hasSize(3);
    assertThat(backend.restarts).isEqualTo(1);
    assertThat(stepper.stats().totals().restarts()).isEqualTo(1);
  }

  @Test
  void whatASmallerCacheHasNoRoomForFailsAndTheRestGoesOn() {
    Reader large = add(30, 5);
    Reader small = add(5, 5);
    turns(2);
    backend.shrink(5);
    backend.lose();
    turns(30);
    assertThat(large.failure).isNotNull();
    assertThat(large.failure.reason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(small.choice(0).tokens()).hasSize(5);
    assertThat(stepper.kv().pages()).isEqualTo(5);
    assertThat(stepper.kv().available()).isEqualTo(5);
    assertThat(add(21, 1).failure.reason()).isEqualTo(Reason.NO_CAPACITY);
  }
}
