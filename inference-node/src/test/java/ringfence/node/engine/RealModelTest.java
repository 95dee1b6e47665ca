package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.cpu.CpuBackend;
import ringfence.node.engine.GenerationTask.ChoiceStart;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizer;
import ringfence.node.tokenizer.Tokenizers;

/// The engine on a real model.
class RealModelTest {
  private static final int PAGES = 48;
  private static final int PAGE_TOKENS = 8;
  private static final String TEXT =
      "The history of the town begins with a bridge. Long before there were streets or a market,"
          + " travellers crossed the river here, and some of them stayed. In winter the ferry could"
          + " not run, so the monks built a causeway of oak and stone, and asked a penny of everyone"
          + " who used it.";

  private final Arena arena = Arena.ofShared();
  private Model model;
  private Tokenizer tokenizer;
  private Backend backend;
  private Engine engine;

  @BeforeEach
  void open() throws IOException {
    GgufFile file = GgufFile.open(TestModel.SMOLLM2.file(), arena);
    model = ModelLoader.load(file);
    tokenizer = Tokenizers.of(file.metadata());
    // Too few pages for all: some sequences are preempted and computed again.
    backend = CpuBackend.open(model, new BackendOptions(PAGES, PAGE_TOKENS, 128, 1));
    engine = engine(64);
  }

  private Engine engine(int sequences) {
    return new Engine(
        "smollm2",
        backend,
        tokenizer,
        model.spec().vocabulary(),
        new EngineOptions(1024, sequences, 300, 128, 48, Duration.ofSeconds(1)));
  }

  @AfterEach
  void close() {
    engine.close();
    backend.close();
    arena.close();
    assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
        .doesNotContain("engine-smollm2");
  }

  private GenerationTask task(int seed) {
    Random random = new Random(seed);
    String prompt = TEXT.substring(0, 4 + random.nextInt(160));
    return new GenerationTask(
        tokenizer.encode(MarkedText.plain((seed % 4) + ". " + prompt), true),
        new SamplingParameters(seed % 2, 40, 0.95f, 0, 1.1f, 0, 0, Map.of(), seed),
        new StopConditions(List.of("\n\n", "bridge"), 1 + random.nextInt(16), false),
        1,
        List.of(new ChoiceStart(0, new int[0])),
        System.nanoTime() + TimeUnit.HOURS.toNanos(1));
  }

  /// Greedy and drawn ones, of all four kinds of prompts, are among every third.
  @Test
  void sixtyFourStreamsEqualTheirAnswersAlone() throws InterruptedException {
    compareWithAnswersAlone(3);
  }

  @Test
  @Tag("large")
  void eachOfSixtyFourStreamsEqualsItsAnswerAlone() throws InterruptedException {
    compareWithAnswersAlone(1);
  }

  private void compareWithAnswersAlone(int oneOf) throws InterruptedException {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Reader reader = new Reader(task(i));
      readers.add(reader);
      engine.submit(reader.task, reader);
    }
    for (Reader reader : readers) {
      assertThat(reader.await().failure).isNull();
    }
    engine.close();
    EngineStats stats = engine.stats();
    assertThat(stats.runningSequences() + stats.waitingSequences()).isZero();
    assertThat(stats.totals().cachedTokens()).isPositive();
    assertThat(stats.totals().preemptions()).isPositive();

    // A fresh engine knows no prefixes.
    for (int i = 0; i < readers.size(); i += oneOf) {
      engine = engine(1);
      Reader alone = new Reader(task(i));
      engine.submit(alone.task, alone);
      alone.await();
      engine.close();
      assertThat(readers.get(i).choice(0).events).isEqualTo(alone.choice(0).events);
      assertThat(readers.get(i).choice(0).end).isEqualTo(alone.choice(0).end);
    }
  }

  @Test
  void twoHundredCancelledTasksLeaveNothingBehind() throws InterruptedException {
    Random random = new Random(1);
    List<Reader> readers = new ArrayList<>();
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      Reader reader = new Reader(task(i));
      readers.add(reader);
      Answer answer = engine.submit(reader.task, reader);
      answers.add(answer);
      int patience = random.nextInt(4);
      reader.onToken =
          () -> {
            if (reader.choice(0).events.size() >= patience) {
              answer.cancel();
            }
          };
      answers.get(random.nextInt(answers.size())).cancel();
    }
    answers.getFirst().cancel();
    for (Reader reader : readers) {
      assertThat(reader.await().failure).isNull();
    }
    engine.close();
    assertThat(engine.stats().runningSequences() + engine.stats().waitingSequences()).isZero();
    assertThat(engine.stats().freeKvTokens()).isEqualTo(PAGES * PAGE_TOKENS);
  }
}
