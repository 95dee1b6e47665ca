package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;
import ringfence.node.compute.BackendFailure;
import ringfence.node.engine.AnswerListener.FinishReason;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// Seeded schedules: tasks that come at random, share beginnings, have several choices, are
/// cancelled, read slowly or expire, on few pages and on a backend that fails or is lost now and
/// then. After every turn each page is accounted for, and every answer is what it is alone.
class ScheduleTest {
  private static final int CONTEXT = 60;

  private final ToyTokenizer tokenizer = new ToyTokenizer();

  @BeforeContainer
  static void quiet() {
    // Each failure of the backend is logged with its stack.
    Logger.getLogger(Stepper.class.getName()).setLevel(Level.OFF);
  }

  @AfterContainer
  static void loud() {
    Logger.getLogger(Stepper.class.getName()).setLevel(null);
  }

  @Property(tries = 400)
  void answersAreTheSameWhateverElseRuns(@ForAll long seed) {
    new Run(seed).play();
  }

  /// A task and what becomes of it.
  private record Client(Reader reader, RunningTask running, boolean expires) {}

  private final class Run {
    final Random random;
    final ToyBackend backend;
    final Stepper stepper;
    final EngineOptions options;
    final TaskLimits limits;
    final int[] common;
    final List<Client> clients = new ArrayList<>();
    long now = 1_000;
    int left;
    boolean failed;
    int losses;

    Run(long seed) {
      random = new Random(seed);
      int pageTokens = 1 + random.nextInt(5);
      int pages = 4 + random.nextInt(30);
      int maxSequences = 1 + random.nextInt(8);
      int stepTokens = maxSequences + 1 + random.nextInt(20);
      backend = new ToyBackend(pages, pageTokens, stepTokens);
      if (random.nextInt(3) == 0) {
        backend.beforeForward = this::failSometimes;
        backend.beforeCopy = this::failSometimes;
      } else if (random.nextInt(2) == 0) {
        backend.beforeForward = this::loseSometimes;
        backend.beforeCopy = this::loseSometimes;
        backend.beforeRestart = this::staySometimes;
      }
      options =
          new EngineOptions(
              CONTEXT,
              maxSequences,
              100,
              stepTokens,
              1 + random.nextInt(10),
              Duration.ofNanos(random.nextInt(20)));
      limits = new TaskLimits(CONTEXT, pages * pageTokens, ToyTokenizer.SIZE);
      stepper = stepper(backend, options, limits);
      common = tokens(CONTEXT);
    }

    Stepper stepper(ToyBackend toy, EngineOptions with, TaskLimits within) {
      return new Stepper(toy, tokenizer, ToyBackend.VOCABULARY, within, with, () -> now);
    }

    void play() {
      int arrivals = 3 + random.nextInt(20);
      for (int turn = 0; turn < 4000 && (arrivals > 0 || left < clients.size()); turn++) {
        now++;
        if (arrivals > 0 && random.nextInt(3) == 0) {
          arrivals--;
          submit();
        }
        disturb(arrivals == 0 && turn > 400);
        boolean worked = stepper.turn(true);
        checkPages();
        if (!worked && backend.isLost()) {
          now += stepper.nextWake();
        }
        if (!worked && left < clients.size()) {
          assertThat(anyLags() || stepper.nextWake() < Long.MAX_VALUE / 2)
              .as("idle, with nothing to wait for")
              .isTrue();
        }
      }
      assertThat(left).as("every task ends").isEqualTo(clients.size());
      assertThat(stepper.kv().available()).isEqualTo(backend.pages());
      assertThat(stepper.sequences().running()).isEmpty();
      assertThat(stepper.sequences().waitingCount()).isZero();
      assertThat(stepper.turn(true)).isFalse();
      clients.forEach(this::checkAnswers);
    }

    void failSometimes() {
      if (random.nextInt(100) == 0) {
        failed = true;
        throw new IllegalStateException("device");
      }
    }

    /// As a device that is lost or full, in a pass or a copy, but not too often.
    void loseSometimes() {
      if (losses < Recovery.MOST_LOSSES && random.nextInt(40) == 0) {
        if (random.nextInt(3) == 0) {
          throw new BackendFailure(BackendFailure.Kind.OUT_OF_MEMORY, "toy full", null);
        }
        losses++;
        backend.lose();
      }
    }

    void staySometimes() {
      if (losses < Recovery.MOST_LOSSES && random.nextBoolean()) {
        losses++;
        throw new BackendFailure(BackendFailure.Kind.LOST, "toy gone", null);
      }
    }

    void submit() {
      GenerationTask task = task();
      try {
        limits.check(task);
      } catch (EngineException e) {
        assertThat(e.reason()).isEqualTo(Reason.PROMPT_EXCEEDS_KV_BUDGET);
        return;
      }
      Reader reader = new Reader(task);
      RunningTask running = new RunningTask(task, reader, () -> {}, ended -> left++, now);
      clients.add(new Client(reader, running, task.deadlineNanos() < Long.MAX_VALUE));
      stepper.add(running);
    }

    GenerationTask task() {
      int length = 1 + random.nextInt(30);
      int[] prompt = tokens(length);
      // Many prompts begin alike.
      System.arraycopy(common, 0, prompt, 0, random.nextInt(length + 1));
      int choices = random.nextInt(3) == 0 ? 1 + random.nextInt(5) : 1;
      List<ChoiceStart> starts =
          IntStream.range(0, choices)
              .mapToObj(
                  i -> new ChoiceStart(i, tokens(random.nextInt(5) == 0 ? random.nextInt(6) : 0)))
              .toList();
      SamplingParameters sampling =
          new SamplingParameters(
              random.nextInt(2),
              0,
              1,
              0,
              1,
              0,
              random.nextInt(2) * 0.5f,
              Map.of(),
              random.nextInt());
      StopConditions stop =
          new StopConditions(
              random.nextInt(3) == 0 ? List.of("ab", "stop") : List.of(),
              1 + random.nextInt(50),
              random.nextBoolean());
      long deadline = random.nextInt(10) == 0 ? now + random.nextInt(60) : Long.MAX_VALUE;
      return new GenerationTask(prompt, sampling, stop, -1, starts, deadline);
    }

    int[] tokens(int count) {
      return random.ints(count, 0, ToyTokenizer.END).toArray();
    }

    /// Readers stop and go on, clients hang up.
    void disturb(boolean settle) {
      for (Client client : clients) {
        client.reader.ready = settle || random.nextInt(6) > 0;
        if (random.nextInt(300) == 0) {
          client.running.cancel();
        }
      }
    }

    boolean anyLags() {
      return clients.stream().anyMatch(c -> !c.reader.isOver() && !c.reader.ready);
    }

    /// Every page has as many references as sequences hold it, and none is lost.
    void checkPages() {
      KvPages kv = stepper.kv();
      Map<Integer, Integer> held = new HashMap<>();
      for (Sequence sequence : stepper.sequences().running()) {
        assertThat(sequence.state).isEqualTo(Sequence.State.RUNNING);
        int full = sequence.computed() / kv.pageTokens();
        int[] pages = sequence.pages();
        for (int i = 0; i < pages.length; i++) {
          held.merge(pages[i], 1, Integer::sum);
          assertThat(i < full || kv.references(pages[i]) == 1)
              .as("a page that is written to is nobody else's")
              .isTrue();
        }
      }
      for (Sequence sequence : stepper.sequences().waiting()) {
        assertThat(sequence.state).isEqualTo(Sequence.State.WAITING);
        assertThat(sequence.pages()).isEmpty();
      }
      for (int page = 0; page < kv.pages(); page++) {
        assertThat(kv.references(page)).isEqualTo(held.getOrDefault(page, 0));
      }
      assertThat(kv.available()).isEqualTo(kv.pages() - held.size());
      assertThat(stepper.sequences().running().size()).isLessThanOrEqualTo(options.maxSequences());
    }

    void checkAnswers(Client client) {
      EngineException failure = client.reader.failure;
      if (failure != null) {
        assertThat(failure.reason())
            .isIn(
                client.expires ? Reason.DEADLINE_EXCEEDED : Reason.INTERNAL,
                failed ? Reason.INTERNAL : Reason.DEADLINE_EXCEEDED);
      }
      for (ChoiceStart start : client.reader.task.choices()) {
        Reader.Choice heard = client.reader.choice(start.index());
        Reader.Choice alone = alone(client.reader.task, start);
        if (heard.end == null || heard.end.reason() == FinishReason.CANCELLED) {
          assertThat(failure != null || client.running.isCancelled()).isTrue();
          assertThat(heard.events).isEqualTo(alone.events.subList(0, heard.events.size()));
        } else {
          assertThat(heard.events).isEqualTo(alone.events);
          assertThat(heard.end).isEqualTo(alone.end);
        }
      }
    }

    Reader.Choice alone(GenerationTask task, ChoiceStart start) {
      GenerationTask one =
          new GenerationTask(
              task.prompt(), task.sampling(), task.stop(), -1, List.of(start), Long.MAX_VALUE);
      Reader reader = new Reader(one);
      // Same room, so that an answer that fills the cache ends at the same token.
      Stepper other =
          stepper(
              new ToyBackend(backend.pages(), backend.pageTokens(), 100),
              new EngineOptions(CONTEXT, 1, 0, 100, 100, Duration.ZERO),
              limits);
      other.add(new RunningTask(one, reader, () -> {}, ended -> {}, 0));
      for (int turn = 0; turn < 100 && !reader.isOver(); turn++) {
        other.turn(true);
      }
      assertThat(reader.statistics).isNotNull();
      return reader.choice(start.index());
    }
  }

  @Test
  void pagesThatRunOutAreTakenFromTheYoungest() {
    Run run = new Run(3);
    ToyBackend backend = new ToyBackend(6, 4, 32);
    Stepper stepper =
        run.stepper(
            backend,
            new EngineOptions(CONTEXT, 4, 0, 32, 8, Duration.ZERO),
            new TaskLimits(CONTEXT, 24, ToyTokenizer.SIZE));
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      GenerationTask task =
          new GenerationTask(
              new int[] {i, 2, 3, 4, 5},
              SamplingParameters.greedy(),
              new StopConditions(List.of(), 18, true),
              -1,
              List.of(new ChoiceStart(0, new int[0])),
              Long.MAX_VALUE);
      Reader reader = new Reader(task);
      readers.add(reader);
      stepper.add(new RunningTask(task, reader, () -> {}, ended -> {}, 0));
    }
    List<Integer> ended = new ArrayList<>();
    for (int turn = 0; turn < 200 && ended.size() < 3; turn++) {
      stepper.turn(true);
      for (int i = 0; i < 3; i++) {
        if (readers.get(i).isOver() && !ended.contains(i)) {
          ended.add(i);
        }
      }
    }
    assertThat(ended).containsExactly(0, 1, 2);
    assertThat(stepper.stats().totals().preemptions()).isPositive();
    readers.forEach(reader -> assertThat(reader.choice(0).end.length()).isEqualTo(18));
  }
}
