package ringfence.node.compute.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.BitSet;
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
  private static final Draw PLAIN = parameters(1, 0, 1, 0);

  private static Draw parameters(float temperature, int topK, float topP, float minP) {
    return new Draw(temperature, topK, topP, minP, 7, 0, 0, Adjustments.none(), null, -1);
  }

  private static float[] logits(long seed, int count) {
    Random random = new Random(seed);
    float[] logits = new float[count];
    for (int i = 0; i < count; i++) {
      logits[i] = (float) (3 * random.nextGaussian());
    }
    return logits;
  }

  private static Draw at(Draw draw, int choice, int offset) {
    return new Draw(
        draw.temperature(),
        draw.topK(),
        draw.topP(),
        draw.minP(),
        draw.seed(),
        choice,
        offset,
        draw.adjustments(),
        draw.allowed(),
        draw.topLogProbs());
  }

  private static int next(float[] logits, Draw parameters, int offset) {
    return next(new Sampler(logits.length), logits, at(parameters, 0, offset));
  }

  private static int next(Sampler sampler, float[] logits, Draw draw) {
    return ((Drawn.Token) sampler.next(logits, draw)).id();
  }

  @Test
  void greedyTakesTheHighestAndOfEqualsTheFirst() {
    assertThat(next(new float[] {1, 3, -2, 3, 2}, Draw.greedy(), 0)).isEqualTo(1);
    assertThat(next(new float[] {-0f, 0f}, Draw.greedy(), 0)).isZero();
  }

  @Test
  void aDrawDependsOnSeedOffsetAndChoiceAlone() {
    float[] logits = new float[1000];
    Sampler sampler = new Sampler(logits.length);
    Set<Integer> different = new HashSet<>();
    for (int choice = 0; choice < 10; choice++) {
      for (int offset = 0; offset < 10; offset++) {
        int token = next(sampler, logits, at(PLAIN, choice, offset));
        different.add(token);
        assertThat(next(new Sampler(1000), logits, at(PLAIN, choice, offset))).isEqualTo(token);
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
    Draw parameters = parameters(1.7f, 20, 0.9f, 0.02f);
    assertDistribution(logits, parameters, probabilities(logits, 1.7f, kept(logits, parameters)));
  }

  /// Pearson's chi-squared against its 99.99 % quantile, approximated after Wilson and Hilferty.
  private static void assertDistribution(float[] logits, Draw parameters, double[] expected) {
    int draws = 20_000;
    int[] counts = new int[logits.length];
    Sampler sampler = new Sampler(logits.length);
    for (int offset = 0; offset < draws; offset++) {
      counts[next(sampler, logits, at(parameters, 0, offset))]++;
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
    Draw parameters = parameters(temperature, topK, topP, minP);
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
    Draw parameters = parameters(1, topK, sixteenths / 16f, 0.5f);
    Set<Integer> drawn = new HashSet<>();
    for (int offset = 0; offset < 400; offset++) {
      drawn.add(next(logits, parameters, offset));
    }
    int kept = (int) Math.ceil(topK * (sixteenths / 16.0));
    assertThat(drawn).isEqualTo(new HashSet<>(IntStream.range(0, kept).boxed().toList()));
  }

  /// The filters as they are defined, with a full sort.
  private static List<Integer> kept(float[] logits, Draw parameters) {
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
    Adjustments adjustments = new Adjustments(Map.of(1, 4f, 2, -1f), 2, 0.5f, 0.25f);
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
    Adjustments adjustments = new Adjustments(Map.of(), 1, 1, 0);
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
  void logitsThatAreNoNumbersGiveNoToken() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertThat(new Sampler(3).next(new float[] {0, bad, 1}, Draw.greedy()))
          .isEqualTo(Drawn.Failure.NOT_FINITE);
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
    List<LogProb> all = LogProbabilities.of(logits, 500, 17, 20);

    assertThat(all).hasSize(21);
    assertThat(all.getFirst().token()).isEqualTo(17);
    for (LogProb logProb : all) {
      assertThat((double) logProb.logProb()).isCloseTo(Math.log(p[logProb.token()]), within(1e-5));
    }
    assertThat(all.subList(1, 21).stream().map(LogProb::token).toList())
        .isEqualTo(kept(logits, parameters(1, 20, 1, 0)));
  }

  @Property(tries = 200)
  void theMaskKeepsOthersFromBeingDrawn(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 200) int vocabulary,
      @ForAll @IntRange(min = 0, max = 20) int topK,
      @ForAll @FloatRange(min = 0, max = 2) float temperature) {
    float[] logits = logits(seed, vocabulary);
    Random random = new Random(seed);
    BitSet allowed = new BitSet();
    allowed.set(random.nextInt(vocabulary));
    for (int i = 0; i < vocabulary / 8; i++) {
      allowed.set(random.nextInt(vocabulary));
    }
    long[] words = allowed.toLongArray();
    Draw draw = new Draw(temperature, topK, 0.9f, 0, seed, 0, 0, Adjustments.none(), words, -1);
    for (int offset = 0; offset < 20; offset++) {
      assertThat(allowed.get(next(logits, draw, offset))).isTrue();
    }
  }

  @Test
  void aMaskThatAllowsNothingGivesNoToken() {
    Draw draw = new Draw(1, 0, 1, 0, 0, 0, 0, Adjustments.none(), new long[] {1L << 3}, -1);
    assertThat(new Sampler(3).next(new float[] {0, 2, 1}, draw))
        .isEqualTo(Drawn.Failure.NONE_ALLOWED);
  }
}
