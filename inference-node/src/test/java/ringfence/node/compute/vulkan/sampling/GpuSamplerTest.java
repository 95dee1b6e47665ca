package ringfence.node.compute.vulkan.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.sampling.Adjustments;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.compute.sampling.Sampler;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// The device's draws beside the host's: the same tokens, but where the random number lies within
/// rounding of the border between two tokens.
@ExtendWith(VulkanExtension.class)
class GpuSamplerTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /// Of the weight of all that is kept. Weights are float32, with arguments up to 29 that are
  /// rounded twice: some 4e-6 of a weight, and less of a sum.
  private static final double ROUNDING = 1e-5;

  private static List<Drawn> draw(
      Pipelines pipelines, float[][] rows, int vocabulary, List<Outputs.Wanted> wanted) {
    Gpu gpu = pipelines.gpu();
    int rowLength = rows[0].length;
    Outputs outputs = new Outputs(rowLength, vocabulary);
    outputs.reset(rows.length);
    wanted.forEach(each -> outputs.draw(each.row(), each.draw()));
    long bytes = (long) rows.length * rowLength * Float.BYTES;
    try (GpuBuffer upload = gpu.allocate(bytes, MemoryUse.UPLOAD);
        GpuBuffer logits = gpu.allocate(bytes, MemoryUse.DEVICE);
        GpuSampler sampler = new GpuSampler(pipelines, rowLength, wanted.size());
        Recording recording = gpu.record()) {
      for (int row = 0; row < rows.length; row++) {
        MemorySegment.copy(
            rows[row],
            0,
            upload.mapped(),
            ValueLayout.JAVA_FLOAT,
            (long) row * rowLength * Float.BYTES,
            rowLength);
      }
      recording.copy(upload, 0, logits, 0, bytes).fullBarrier();
      sampler.record(recording, logits.address(), sampler.shape(outputs));
      recording.end();
      sampler.prepare(outputs);
      gpu.submit(recording).await(LIMIT);
      sampler.results(outputs);
    }
    return IntStream.range(0, wanted.size()).mapToObj(outputs::drawn).toList();
  }

  private static int id(Drawn drawn) {
    return ((Drawn.Token) drawn).id();
  }

  private static float[] logits(Random random, int length, int vocabulary) {
    float[] row = new float[length];
    double spread = 0.5 + 5 * random.nextDouble();
    for (int i = 0; i < length; i++) {
      row[i] = (float) (spread * random.nextGaussian());
    }
    // Many equal ones, and what lies behind the vocabulary must not matter.
    for (int i = 0; i < vocabulary / 4; i++) {
      row[i] = Math.round(row[i]);
    }
    Arrays.fill(row, vocabulary, length, Float.NaN);
    return row;
  }

  private static Draw draw(Random random, int vocabulary) {
    int kind = random.nextInt(8);
    Adjustments adjustments = Adjustments.none();
    if (random.nextInt(3) == 0) {
      Map<Integer, Float> bias = new HashMap<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        bias.put(random.nextInt(vocabulary), 3 * (float) random.nextGaussian());
      }
      // A power of two: devices may round a division otherwise.
      adjustments =
          new Adjustments(bias, random.nextInt(3) == 0 ? 2 : 1, random.nextInt(2) * 0.5f, 0.25f);
      for (int i = random.nextInt(40); i > 0; i--) {
        adjustments.addPrompt(random.nextInt(vocabulary));
        adjustments.addAnswer(random.nextInt(Math.min(vocabulary, 20)));
      }
    }
    long[] allowed = null;
    if (random.nextInt(5) == 0) {
      BitSet set = new BitSet();
      set.set(random.nextInt(vocabulary));
      for (int i = 0; i < vocabulary / 2; i++) {
        set.set(random.nextInt(vocabulary));
      }
      allowed = set.toLongArray();
    }
    return new Draw(
        kind == 0 ? 0 : 0.1f + 1.5f * random.nextFloat(),
        kind == 1 || kind == 4 ? 1 + random.nextInt(60) : 0,
        kind == 2 || kind == 4 || kind == 5 ? 0.01f + 0.98f * random.nextFloat() : 1,
        kind == 3 || kind == 5 ? random.nextFloat() : 0,
        random.nextLong(),
        random.nextInt(4),
        random.nextInt(1000),
        adjustments,
        allowed,
        random.nextInt(4) == 0 ? random.nextInt(21) : -1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 33, 700, 5000, 33_000})
  void drawsTheHostsTokens(int vocabulary, Pipelines pipelines) {
    Random random = new Random(vocabulary);
    int length = vocabulary + random.nextInt(3);
    float[][] rows = new float[5][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = logits(random, length, vocabulary);
    }
    List<Outputs.Wanted> wanted = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      wanted.add(new Outputs.Wanted(random.nextInt(rows.length), draw(random, vocabulary)));
    }
    List<Drawn> drawn = draw(pipelines, rows, vocabulary, wanted);

    Sampler host = new Sampler(vocabulary);
    int others = 0;
    for (int i = 0; i < wanted.size(); i++) {
      float[] row = rows[wanted.get(i).row()];
      Draw draw = wanted.get(i).draw();
      Drawn.Token expected = (Drawn.Token) host.next(row, draw);
      int token = id(drawn.get(i));
      if (token != expected.id()) {
        others++;
        assertWithinRounding(row, vocabulary, draw, token);
      } else {
        assertLogProbs(((Drawn.Token) drawn.get(i)).logProbs(), expected.logProbs());
      }
    }
    assertThat(others).isLessThanOrEqualTo(1);
  }

  private static void assertLogProbs(List<LogProb> actual, List<LogProb> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      assertThat(actual.get(i).token()).isEqualTo(expected.get(i).token());
      assertThat(actual.get(i).logProb())
          .isCloseTo(
              expected.get(i).logProb(),
              within(2e-6f * Math.max(1, Math.abs(expected.get(i).logProb()))));
    }
  }

  /// The random number, times the weight of what is kept, lies in the token's part of the running
  /// sum, give or take the rounding of that sum and of the limits of the filters.
  private static void assertWithinRounding(float[] row, int vocabulary, Draw draw, int token) {
    assertThat(draw.temperature()).as("greedy is exact").isPositive();
    float[] logits = Arrays.copyOf(row, vocabulary);
    draw.adjustments().apply(logits);
    long[] allowed = draw.allowed();
    if (allowed != null) {
      BitSet set = BitSet.valueOf(allowed);
      for (int i = 0; i < vocabulary; i++) {
        logits[i] = set.get(i) ? logits[i] : Float.NEGATIVE_INFINITY;
      }
    }
    List<Integer> order =
        draw.keepsAll(vocabulary)
            ? IntStream.range(0, vocabulary).boxed().toList()
            : IntStream.range(0, vocabulary)
                .boxed()
                .sorted(
                    Comparator.comparingDouble((Integer i) -> -logits[i]).thenComparingInt(i -> i))
                .toList();
    double highest = order.stream().mapToDouble(i -> logits[i]).max().orElseThrow();
    double[] sums = new double[vocabulary + 1];
    for (int rank = 0; rank < vocabulary; rank++) {
      sums[rank + 1] =
          sums[rank] + Math.exp((logits[order.get(rank)] - highest) / draw.temperature());
    }
    double least = kept(sums, draw, vocabulary, 1 - ROUNDING);
    double most = kept(sums, draw, vocabulary, 1 + ROUNDING);
    int rank = order.indexOf(token);
    assertThat(draw.uniform() * most + ROUNDING * most).isGreaterThanOrEqualTo(sums[rank]);
    assertThat(draw.uniform() * least - ROUNDING * most).isLessThanOrEqualTo(sums[rank + 1]);
  }

  private static double kept(double[] sums, Draw draw, int vocabulary, double factor) {
    int limit = draw.topK() == 0 ? vocabulary : Math.min(draw.topK(), vocabulary);
    double enough = draw.topP() < 1 ? draw.topP() * factor * sums[limit] : Double.POSITIVE_INFINITY;
    int rank = 0;
    while (rank < limit
        && sums[rank] < enough
        && (rank == 0 || sums[rank + 1] - sums[rank] >= draw.minP() / factor)) {
      rank++;
    }
    return sums[rank];
  }

  @Test
  void equalLogitsAreKeptByRisingId(Pipelines pipelines) {
    int vocabulary = 9000;
    float[][] rows = {new float[vocabulary]};
    List<Outputs.Wanted> wanted = new ArrayList<>();
    wanted.add(new Outputs.Wanted(0, Draw.greedy()));
    for (int offset = 0; offset < 8; offset++) {
      wanted.add(wanted(0, 40, 1, 0, offset));
      wanted.add(wanted(0, 0, 0.01f, 0, offset));
      wanted.add(wanted(0, 4000, 0.5f, 0.5f, offset));
      wanted.add(wanted(0, 0, 1, 0, offset));
    }
    List<Drawn> drawn = draw(pipelines, rows, vocabulary, wanted);
    Sampler host = new Sampler(vocabulary);
    assertThat(id(drawn.getFirst())).isZero();
    for (int i = 0; i < wanted.size(); i++) {
      assertThat(id(drawn.get(i))).isEqualTo(id(host.next(rows[0], wanted.get(i).draw())));
    }
    assertThat(drawn.stream().map(GpuSamplerTest::id).distinct().count()).isGreaterThan(10);
  }

  private static Outputs.Wanted wanted(int row, int topK, float topP, float minP, int offset) {
    return new Outputs.Wanted(
        row, new Draw(1, topK, topP, minP, 5, 0, offset, Adjustments.none(), null, -1));
  }

  @Test
  void aDrawDependsOnNoNeighbour(Pipelines pipelines) {
    int vocabulary = 3000;
    Random random = new Random(8);
    float[][] rows = new float[3][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = logits(random, vocabulary, vocabulary);
    }
    List<Outputs.Wanted> wanted = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      wanted.add(new Outputs.Wanted(i % 3, draw(random, vocabulary)));
    }
    List<Drawn> together = draw(pipelines, rows, vocabulary, wanted);
    for (int i = 0; i < wanted.size(); i += 9) {
      assertThat(draw(pipelines, rows, vocabulary, List.of(wanted.get(i))))
          .containsExactly(together.get(i));
    }
  }

  @Test
  void aRowThatIsNotFiniteFailsAloneAndSoDoesAMaskThatAllowsNothing(Pipelines pipelines) {
    float[] bad = new float[300];
    bad[299] = Float.NaN;
    float[] infinite = new float[300];
    infinite[7] = Float.POSITIVE_INFINITY;
    float[][] rows = {bad, new float[300], infinite};
    Draw none = new Draw(0, 0, 1, 0, 0, 0, 0, Adjustments.none(), new long[0], -1);
    Draw two = new Draw(0, 0, 1, 0, 0, 0, 0, Adjustments.none(), new long[] {0, 0, 1L << 2}, 3);
    List<Drawn> drawn =
        draw(
            pipelines,
            rows,
            300,
            List.of(
                new Outputs.Wanted(0, Draw.greedy()),
                new Outputs.Wanted(1, Draw.greedy()),
                new Outputs.Wanted(2, two),
                new Outputs.Wanted(1, none),
                new Outputs.Wanted(1, two)));
    assertThat(drawn.get(0)).isEqualTo(Drawn.Failure.NOT_FINITE);
    assertThat(id(drawn.get(1))).isZero();
    assertThat(drawn.get(2)).isEqualTo(Drawn.Failure.NOT_FINITE);
    assertThat(drawn.get(3)).isEqualTo(Drawn.Failure.NONE_ALLOWED);
    assertThat(id(drawn.get(4))).isEqualTo(130);
  }

  @Test
  void refusesMoreDrawsThanItHasRoomFor(Pipelines pipelines) {
    try (GpuSampler sampler = new GpuSampler(pipelines, 10, 1)) {
      Outputs outputs = new Outputs(10, 10);
      outputs.reset(1);
      outputs.draw(0, Draw.greedy());
      outputs.draw(0, Draw.greedy());
      assertThatThrownBy(() -> sampler.shape(outputs))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2 draws");
    }
  }
}
