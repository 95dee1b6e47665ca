package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringfence.node.engine.AnswerListener.FinishReason;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// Real threads on both sides of the engine.
class ConcurrencyTest {
  private static final int CLIENTS = 8;

  private final ToyBackend backend = new ToyBackend(120, 4, 128);
  private final Engine engine =
      new Engine(
          "concurrency",
          backend,
          new ToyTokenizer(),
          ToyBackend.VOCABULARY,
          new EngineOptions(200, 64, 400, 100, 30, Duration.ofMillis(1)));

  @AfterEach
  void closeLeavesNoThread() {
    engine.close();
    assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
        .doesNotContain("engine-concurrency");
  }

  private static GenerationTask task(Random random) {
    return new GenerationTask(
        random.ints(1 + random.nextInt(60), 0, ToyTokenizer.END).toArray(),
        new SamplingParameters(1, 0, 0.9f, 0, 1, 0, 0, Map.of(), random.nextLong()),
        new StopConditions(List.of("ab"), 1 + random.nextInt(60), random.nextBoolean()),
        -1,
        IntStream.range(0, 1 + random.nextInt(3))
            .mapToObj(i -> new ChoiceStart(i, new int[0]))
            .toList(),
        System.nanoTime() + TimeUnit.HOURS.toNanos(1));
  }

  @Test
  void sixtyFourStreamsEqualTheirAnswersAlone() throws InterruptedException {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      readers.add(new Reader(task(new Random(i))));
    }
    inThreads(client -> {
      for (int i = client; i < readers.size(); i += CLIENTS) {
        engine.submit(readers.get(i).task, readers.get(i));
      }
    });
    for (Reader reader : readers) {
      reader.await();
    }
    for (int i = 0; i < readers.size(); i++) {
      Reader alone = new Reader(task(new Random(i)));
      engine.submit(alone.task, alone);
      alone.await();
      for (int choice : alone.choices.keySet()) {
        assertThat(readers.get(i).choice(choice).events).isEqualTo(alone.choice(choice).events);
        assertThat(readers.get(i).choice(choice).end).isEqualTo(alone.choice(choice).end);
      }
    }
  }

  @Test
  void twoHundredClientsThatHangUpLeaveNothingBehind() throws InterruptedException {
    Set<Reader> readers = new HashSet<>();
    inThreads(client -> {
      Random random = new Random(client);
      for (int i = 0; i < 25; i++) {
        Reader reader = new Reader(task(random));
        reader.ready = random.nextInt(4) > 0;
        Answer answer = engine.submit(reader.task, reader);
        for (int spin = random.nextInt(200); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        answer.cancel();
        synchronized (readers) {
          readers.add(reader);
        }
      }
    });
    assertThat(engine.drain(Duration.ofSeconds(60))).isTrue();
    for (Reader reader : readers) {
      assertThat(reader.await().failure).isNull();
      assertThat(reader.choices.values())
          .allSatisfy(
              choice -> assertThat(choice.end.reason()).isIn((Object[]) FinishReason.values()));
    }
    assertThat(readers).hasSize(200);
    engine.close();
    assertThat(engine.stats().runningSequences() + engine.stats().waitingSequences()).isZero();
    assertThat(engine.stats().freeKvTokens()).isEqualTo(480);
  }

  @Test
  void closeWhileTasksComeFailsThemAll() throws InterruptedException {
    List<Reader> taken = new ArrayList<>();
    Thread closer = Thread.ofPlatform().start(engine::close);
    inThreads(client -> {
      Random random = new Random(client);
      for (int i = 0; i < 20; i++) {
        Reader reader = new Reader(task(random));
        try {
          engine.submit(reader.task, reader);
          synchronized (taken) {
            taken.add(reader);
          }
        } catch (EngineException e) {
          assertThat(e.reason()).isEqualTo(Reason.SHUTTING_DOWN);
        }
      }
    });
    closer.join();
    for (Reader reader : taken) {
      reader.await();
    }
  }

  private interface Client {
    void run(int client) throws InterruptedException;
  }

  private static void inThreads(Client work) throws InterruptedException {
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      int client = i;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  work.run(client);
                } catch (Throwable e) {
                  synchronized (failures) {
                    failures.add(e);
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }
}
