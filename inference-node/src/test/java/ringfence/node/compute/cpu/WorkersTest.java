package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkersTest {
  private static final int MANY = 64;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void everyChunkRunsOnceInItsPhase(int threads) {
    try (Workers workers = new Workers(threads)) {
      for (int phase = 0; phase < 2_000; phase++) {
        int chunks = phase % 7;
        AtomicIntegerArray runs = new AtomicIntegerArray(7);
        workers.run((chunk, worker) -> runs.incrementAndGet(chunk), chunks);
        for (int chunk = 0; chunk < 7; chunk++) {
          assertThat(runs.get(chunk)).isEqualTo(chunk < chunks ? 1 : 0);
        }
      }
    }
  }

  /// Other threads keep every processor busy, so that workers are held up anywhere, also between
  /// looking at one phase's ticket and taking it.
  @Test
  void aWorkerThatComesLateRunsNoChunkOfTheNextPhaseTwice() throws InterruptedException {
    AtomicBoolean busy = new AtomicBoolean(true);
    Thread[] others = new Thread[2 * Runtime.getRuntime().availableProcessors()];
    for (int i = 0; i < others.length; i++) {
      others[i] =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                while (busy.get()) {
                  Thread.onSpinWait();
                }
              });
    }
    try (Workers workers = new Workers(3)) {
      AtomicIntegerArray runs = new AtomicIntegerArray(MANY);
      for (int phase = 1; phase <= 10_000; phase++) {
        // Few and many chunks in turn: the last ticket of the few is a valid index of the many.
        int chunks = phase % 2 == 0 ? 2 : MANY;
        workers.run((chunk, worker) -> runs.incrementAndGet(chunk), chunks);
        for (int chunk = 0; chunk < MANY; chunk++) {
          assertThat(runs.get(chunk)).isEqualTo(chunk < 2 ? phase : (phase + 1) / 2);
        }
      }
    } finally {
      busy.set(false);
      for (Thread other : others) {
        other.join();
      }
    }
  }

  @Test
  void aChunkThatThrowsEndsThePhaseAndTheNextOneRuns() {
    try (Workers workers = new Workers(3)) {
      IllegalArgumentException thrown = new IllegalArgumentException("chunk 5");
      assertThatThrownBy(() ->
              workers.run(
                  (chunk, worker) -> {
                    if (chunk == 5) {
                      throw thrown;
                    }
                  },
                  20))
          .isInstanceOf(IllegalStateException.class)
          .hasCause(thrown);
      AtomicIntegerArray runs = new AtomicIntegerArray(20);
      workers.run((chunk, worker) -> runs.incrementAndGet(chunk), 20);
      for (int chunk = 0; chunk < 20; chunk++) {
        assertThat(runs.get(chunk)).isEqualTo(1);
      }
    }
  }

  @Test
  void noThreadIsLeftAfterClose() {
    Workers workers = new Workers(4);
    workers.run((chunk, worker) -> {}, 8);
    assertThat(workers.alive()).isEqualTo(3);
    workers.close();
    assertThat(workers.alive()).isZero();
  }
}
