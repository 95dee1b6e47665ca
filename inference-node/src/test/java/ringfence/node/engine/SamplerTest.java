package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final SamplingParameters PLAIN = parameters(1, 0, 1, 0);

  private static SamplingParameters parameters(
      float temperature, int topK, float topP, float minP) {
    return new SamplingParameters(temperature, topK, topP, minP, 1, 0, 0, Map.of(), 7);
  }

  private static float[] logits(long seed, int count) {
    Random random = new Random(seed);
    float[] logits = new float[count];
    for (int i = 0; i < count; i++) {
      logits[i] = (float) (3 * random.nextGaussian());
    }
    return logits;
  }

  private static int next(float[] logits, SamplingParameters parameters, int offset) {
    return new Sampler(logits.length)
        .next(logits, parameters, new Adjustments(parameters), 0, offset);
  }

  @Test
  void greedyTakesTheHighestAndOfEqualsTheFirst() {
    assertThat(next(new float[] {1, 3, -2, 3, 2}, SamplingParameters.greedy(), 0)).isEqualTo(1);
    assertThat(next(new float[] {-0f, 0f}, SamplingParameters.greedy(), 0)).isZero();
  }

  @Test
  void aDrawDependsOnSeedOffsetAndChoiceAlone() {
    float[] logits = new float[1000];
    Sampler sampler = new Sampler(logits.length);
    Adjustments none = new Adjustments(PLAIN);
    Set<Integer> different = new HashSet<>();
    for (int choice = 0; choice < 10; choice++) {
      for (int offset = 0; offset < 10; offset++) {
        int token = sampler.next(logits, PLAIN, none, choice, offset);
        different.add(token);
        assertThat(new Sampler(1000).next(logits, PLAIN, none, choice, offset)).isEqualTo(token);
      }
    }
    assertThat(different).hasSizeGreaterThan(80);
  }

  @Test
  void drawsFollowTheSoftmax() {
    float[] logits = logits(1, 12);
    assertDistribution(logits, PLAIN, probabilities(logits, 1, kept(logits, PLAIN)));
  }

  @Test
  void drawsFollowTemperatureAndFilters() {
    float[] logits = logits(2, 40);
    SamplingParameters parameters = parameters(1.7f, 20, 0.9f, 0.02f);
    assertDistribution(logits, parameters, probabilities(logits, 1.7f, kept(logits, parameters)));
  }

  /// Pearson's chi-squared against its 99.99 % quantile, approximated after Wilson and Hilferty.
  private static void assertDistribution(
      float[] logits, SamplingParameters parameters, double[] expected) {
    int draws = 20_000;
    int[] counts = new int[logits.length];
    Sampler sampler = new Sampler(logits.length);
    Adjustments none = new Adjustments(parameters);
    for (int offset = 0; offset < draws; offset++) {
      counts[sampler.next(logits, parameters, none, 0, offset)]++;
    }
    double chiSquared = 0;
    int cells = 0;
    double smallExpected = 0;
    double smallCount = 0;
    for (int i = 0; i < logits.length; i++) {
      double want = expected[i] * draws;
      if (want == 0) {
        assertThat(counts[i]).isZero();
      } else if (want < 5) {
        smallExpected += want;
        smallCount += counts[i];
      } else {
        chiSquared += Math.pow(counts[i] - want, 2) / want;
        cells++;
      }
    }
    if (smallExpected >= 5) {
      chiSquared += Math.pow(smallCount - smallExpected, 2) / smallExpected;
      cells++;
    }
    double freedom = cells - 1.0;
    double spread = 2 / (9 * freedom);
    double limit = freedom * Math.pow(1 - spread + 3.719 * Math.sqrt(spread), 3);
    assertThat(cells).isGreaterThan(4);
    assertThat(chiSquared).isLessThan(limit);
  }

  @Property(tries = 300)
  void filtersKeepWhatTheirDefinitionsSay(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 700) int vocabulary,
      @ForAll @IntRange(min = 0, max = 800) int topK,
      @ForAll @FloatRange(min = 0.01f, max = 1) float topP,
      @ForAll @FloatRange(min = 0, max = 1) float minP,
      @ForAll @FloatRange(min = 0.05f, max = 2) float temperature) {
    float[] logits = logits(seed, vocabulary);
    SamplingParameters parameters = parameters(temperature, topK, topP, minP);
    List<Integer> kept = kept(logits, parameters);
    Set<Integer> drawn = new HashSet<>();
    for (int offset = 0; offset < 50; offset++) {
      drawn.add(next(logits, parameters, offset));
    }
    assertThat(kept).containsAll(drawn);
  }

  @Property(tries = 30)
  void rankingIsASort(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20_000) int vocabulary) {
    float[] logits = logits(seed, vocabulary);
    // Many equal ones.
    for (int i = 0; i < vocabulary / 2; i++) {
      logits[i] = Math.round(logits[i]);
    }
    Ranking ranking = new Ranking(vocabulary);
    for (int round = 0; round < 2; round++) {
      ranking.reset(logits);
      List<Integer> ranked = IntStream.range(0, vocabulary).map(ranking::token).boxed().toList();
      assertThat(ranked).isEqualTo(kept(logits, parameters(1, 0, 1, 0)));
    }
  }

  @Property(tries = 200)
  void theSetThatIsKeptIsWholeWhereAllAreEquallyProbable(
      @ForAll @IntRange(min = 1, max = 16) int topK,
      @ForAll @IntRange(min = 1, max = 16) int sixteenths) {
    float[] logits = new float[16];
    SamplingParameters parameters = parameters(1, topK, sixteenths / 16f, 0.5f);
    Set<Integer> drawn = new HashSet<>();
    for (int offset = 0; offset < 400; offset++) {
      drawn.add(next(logits, parameters, offset));
    }
    int kept = (int) Math.ceil(topK * (sixteenths / 16.0));
    assertThat(drawn).isEqualTo(new HashSet<>(IntStream.range(0, kept).boxed().toList()));
  }

  /// The filters as they are defined, with a full sort.
  private static List<Integer> kept(float[] logits, SamplingParameters parameters) {
    List<Integer> order =
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -logits[i]).thenComparingInt(i -> i))
            .toList();
    if (parameters.topK() > 0) {
      order = order.subList(0, Math.min(parameters.topK(), order.size()));
    }
    double[] p = probabilities(logits, parameters.temperature(), order);
    List<Integer> kept = new ArrayList<>();
    double sum = 0;
    for (int token : order) {
      if ((parameters.topP() == 1 || sum < parameters.topP())
          && p[token] >= parameters.minP() * p[order.getFirst()]) {
        kept.add(token);
      }
      sum += p[token];
    }
    return kept;
  }

  private static double[] probabilities(float[] logits, float temperature, List<Integer> of) {
    double[] p = new double[logits.length];
    double highest = of.stream().mapToDouble(i -> logits[i]).max().orElseThrow();
    double sum = 0;
    for (int i : of) {
      p[i] = Math.exp((logits[i] - highest) / temperature);
      sum += p[i];
    }
    for (int i : of) {
      p[i] /= sum;
    }
    return p;
  }

  @Test
  void biasComesBeforePenalties() {
    SamplingParameters parameters =
        new SamplingParameters(0, 0, 1, 0, 2, 0.5f, 0.25f, Map.of(1, 4f, 2, -1f), 0);
    Adjustments adjustments = new Adjustments(parameters);
    adjustments.addPrompt(0);
    adjustments.addPrompt(2);
    adjustments.addAnswer(1);
    adjustments.addAnswer(1);
    adjustments.addAnswer(1);
    float[] logits = {3, 2, 0, 5};
    adjustments.apply(logits);

    // 3 / 2; (2 + 4) / 2 - 3 * 0.5 - 0.25; (0 - 1) * 2; not seen.
    assertThat(logits).containsExactly(1.5f, 1.25f, -2, 5);
  }

  @Property(tries = 50)
  void penaltiesCountEveryToken(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 400) int length) {
    SamplingParameters parameters = new SamplingParameters(0, 0, 1, 0, 1, 1, 0, Map.of(), 0);
    Adjustments adjustments = new Adjustments(parameters);
    float[] expected = new float[300];
    Random random = new Random(seed);
    for (int i = 0; i < length; i++) {
      int token = random.nextInt(300);
      adjustments.addAnswer(token);
      expected[token]--;
    }
    float[] logits = new float[300];
    adjustments.apply(logits);
    assertThat(logits).containsExactly(expected);
  }

  @Test
  void logitsThatAreNoNumbersFailTheSequence() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertThatThrownBy(() -> next(new float[] {0, bad, 1}, SamplingParameters.greedy(), 0))
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> assertThat(e.reason()).isEqualTo(EngineException.Reason.INTERNAL));
    }
  }

  @Property(tries = 1000)
  void theExponentialIsExactToAFewUnits(@ForAll @FloatRange(min = -700, max = 0) float x) {
    assertThat(Exponential.of(x)).isCloseTo(Math.exp(x), within(4 * Math.ulp(Math.exp(x))));
  }

  @Test
  void logProbabilitiesAreALogSoftmax() {
    float[] logits = logits(5, 500);
    double[] p = probabilities(logits, 1, IntStream.range(0, 500).boxed().toList());
    List<AnswerListener.LogProb> all = LogProbabilities.of(logits, 500, 17, 20);

    assertThat(all).hasSize(21);
    assertThat(all.getFirst().token()).isEqualTo(17);
    for (AnswerListener.LogProb logProb : all) {
      assertThat((double) logProb.logProb()).isCloseTo(Math.log(p[logProb.token()]), within(1e-5));
    }
    assertThat(all.subList(1, 21).stream().map(AnswerListener.LogProb::token).toList())
        .isEqualTo(kept(logits, parameters(1, 20, 1, 0)));
  }
}
