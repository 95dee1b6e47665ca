package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// An answer that broke off goes on elsewhere as if it had not.
class ResumeTest {
  private static final List<List<String>> STOPS =
      List.of(List.of(), List.of("abab"), List.of("stop", "ab 1"), List.of("世界", "xx", "cab"));

  @Property(tries = 300)
  void goesOnAtAnyTokenExactlyAsWithoutABreak(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int prompt) {
    Random random = new Random(seed);
    SamplingParameters sampling =
        new SamplingParameters(
            random.nextInt(3) * 0.7f,
            random.nextInt(2) * 20,
            1 - random.nextInt(2) * 0.05f,
            0,
            1 + random.nextInt(2) * 0.1f,
            random.nextInt(2) * 0.5f,
            random.nextInt(2) * 0.5f,
            Map.of(random.nextInt(ToyTokenizer.SIZE), 1f),
            seed);
    StopConditions stop =
        new StopConditions(
            STOPS.get(random.nextInt(STOPS.size())), 1 + random.nextInt(40), random.nextBoolean());
    int index = random.nextInt(4);
    int[] tokens = random.ints(prompt, 0, ToyTokenizer.END).toArray();
    Reader.Choice whole = answer(tokens, sampling, stop, index, new int[0], 64);

    for (int cut = 0; cut <= whole.events.size(); cut++) {
      int[] before = whole.tokens().stream().limit(cut).mapToInt(i -> i).toArray();
      Reader.Choice rest = answer(tokens, sampling, stop, index, before, 7);

      assertThat(rest.events).isEqualTo(whole.events.subList(cut, whole.events.size()));
      assertThat(rest.end).isEqualTo(whole.end);
    }
  }

  /// On an engine of its own, with pages and chunks of its own.
  private static Reader.Choice answer(
      int[] prompt,
      SamplingParameters sampling,
      StopConditions stop,
      int index,
      int[] start,
      int stepTokens) {
    GenerationTask task =
        new GenerationTask(
            prompt, sampling, stop, 2, List.of(new ChoiceStart(index, start)), Long.MAX_VALUE);
    EngineOptions options =
        new EngineOptions(60, 4, 4, stepTokens, Math.min(stepTokens, 5), Duration.ZERO);
    ToyBackend backend = new ToyBackend(20, 3, 64);
    Stepper stepper =
        new Stepper(
            backend,
            new ToyTokenizer(),
            ToyBackend.VOCABULARY,
            new TaskLimits(60, 60, ToyTokenizer.SIZE),
            options,
            () -> 0);
    Reader reader = new Reader(task);
    stepper.add(new RunningTask(task, reader, () -> {}, ended -> {}, 0));
    IntStream.range(0, 200).takeWhile(i -> !reader.isOver()).forEach(i -> stepper.turn(true));
    assertThat(reader.failure).isNull();
    assertThat(reader.statistics).isNotNull();
    return reader.choice(index);
  }
}
