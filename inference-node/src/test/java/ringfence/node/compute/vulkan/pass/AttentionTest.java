package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.node.compute.Batch;
import ringfence.node.compute.KvType;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.FragmentOrder;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.pass.PassKernels.Attended;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Rope;

/// Attention from projections to sums, step by step over growing sequences in scattered pages,
/// against float64 on the same keys and values.
@ExtendWith(VulkanExtension.class)
class AttentionTest {
  /// Of the sums' largest terms: queries of tiles are halves times the scale, their scores some.
  private static final double BOUND = 4e-3;

  /// Where keys and values are bytes: of the largest term among the 32 that share a scale.
  private static final double BYTES_BOUND = 3e-2;

  private static final int MOST_TOKENS = 160;
  private static final int MOST_POSITIONS = 1024;
  private static final float EPSILON = 1e-5f;
  private static final int LARGE = 64;

  /// What packing needs of a device.
  private static final int PACKING_SUBGROUP = 32;

  @ParameterizedTest
  @CsvSource({
    // head size, heads, key/value heads, rotated pairs, halves pair, norms, window, page, groups
    "16, 4, 2, 8, false, false, 0, 1, 32",
    "20, 7, 1, 5, true, true, 50, 4, 1",
    "64, 9, 3, 32, true, false, 0, 16, 8",
    "80, 4, 4, 40, true, false, 33, 8, 16",
    "96, 6, 3, 48, false, true, 0, 16, 4",
    "112, 7, 1, 56, true, false, 40, 16, 32",
    "128, 8, 1, 64, true, true, 0, 16, 16",
    "128, 5, 1, 32, false, false, 17, 2, 8",
    "192, 4, 2, 96, true, false, 0, 8, 32",
    "256, 4, 1, 128, true, true, 64, 16, 8"
  })
  void equalsFloat64(
      int headSize,
      int heads,
      int kvHeads,
      int pairs,
      boolean halved,
      boolean norms,
      int window,
      int page,
      int groups,
      Gpu gpu,
      Pipelines pipelines) {
    for (boolean invariant : new boolean[] {false, true}) {
      for (Attended attended : Attended.values()) {
        boolean halvesOut = attended == Attended.HALVES;
        // A software device takes seconds to compile each.
        if (gpu.traits().isSoftware()
            && headSize >= LARGE
            && (invariant != norms || halvesOut != halved)) {
          continue;
        }
        if (attended == Attended.PACKED && (invariant || !canPack(gpu, headSize))) {
          continue;
        }
        Rope rope =
            new Rope(
                halved ? Rope.Pairing.HALVES : Rope.Pairing.ADJACENT, frequencies(pairs), 1.25f);
        ModelSpec spec = spec(headSize, heads, kvHeads, rope, window);
        new Rig(gpu, pipelines, spec, KvType.F16, page, groups, norms, invariant, attended).run();
        if (!gpu.traits().isSoftware()
            || (headSize < LARGE ? !halvesOut : headSize == 80 || headSize == 128)) {
          new Rig(gpu, pipelines, spec, KvType.Q8, page, groups, norms, invariant, attended).run();
        }
      }
    }
  }

  /// Whether single tokens' results can be packed, as
  /// [ringfence.node.compute.vulkan.matrix.Matrices] and the recorder of steps ask it.
  private static boolean canPack(Gpu gpu, int headSize) {
    return gpu.traits().canHaveSubgroupSize(PACKING_SUBGROUP) && Packing.fits(headSize);
  }

  private static float[] frequencies(int pairs) {
    float[] frequencies = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      frequencies[i] = (float) Math.pow(10_000, -(double) i / pairs);
    }
    return frequencies;
  }

  private static ModelSpec spec(int headSize, int heads, int kvHeads, Rope rope, int window) {
    return new ModelSpec(
        "test",
        heads * headSize,
        64,
        heads,
        kvHeads,
        headSize,
        64,
        MOST_POSITIONS,
        EPSILON,
        ModelSpec.Activation.SILU,
        1,
        (float) (1 / Math.sqrt(headSize)),
        List.of(new ModelSpec.LayerSpec(rope, window)));
  }

  /// What a sequence has so far.
  private static final class History {
    final int[] pages;
    final List<double[]> keys = new ArrayList<>();
    final List<double[]> values = new ArrayList<>();

    History(int[] pages) {
      this.pages = pages;
    }
  }

  private static final class Rig {
    private final Random random = new Random(3);
    private final Gpu gpu;
    private final Pipelines pipelines;
    private final ModelSpec spec;
    private final Activations at;
    private final KvStore store;
    private final boolean bytes;
    private final double bound;
    private final LayerKinds kinds;
    private final StepPlan plan;
    private final AttentionRecorder attention;
    private final GpuBuffer vectors;
    private final float[] queryNorm;
    private final float[] keyNorm;
    private final boolean norms;
    private final Attended attended;
    private final boolean invariant;
    private final List<History> histories = new ArrayList<>();

    Rig(
        Gpu gpu,
        Pipelines pipelines,
        ModelSpec spec,
        KvType kvType,
        int page,
        int groups,
        boolean norms,
        boolean invariant,
        Attended attended) {
      this.gpu = gpu;
      this.pipelines = pipelines;
      this.spec = spec;
      this.norms = norms;
      this.bytes = kvType == KvType.Q8;
      this.bound = bytes ? BYTES_BOUND : BOUND;
      this.attended = attended;
      this.invariant = invariant;
      int pagesEach = MOST_POSITIONS / page;
      List<Integer> ids = new ArrayList<>(IntStream.range(0, 4 * pagesEach).boxed().toList());
      Collections.shuffle(ids, random);
      for (int i = 0; i < 4; i++) {
        histories.add(
            new History(
                ids.subList(i * pagesEach, (i + 1) * pagesEach).stream()
                    .mapToInt(Integer::intValue)
                    .toArray()));
      }
      AttentionSizes sizes =
          AttentionSizes.of(
              spec,
              gpu.traits(),
              FragmentOrder.ask(pipelines)
                  .flatMap(pairs -> pairs.packedPairs(IntUnaryOperator.identity())),
              page,
              invariant);
      AttentionPlan cut =
          new AttentionPlan(
              spec.kvHeads(), sizes.tileTokens(spec), sizes.step(), groups, groups / 2, invariant);
      at = new Activations(gpu, spec, MOST_TOKENS, MOST_TOKENS, cut.partsLimit(), false);
      store = new KvStore(gpu, spec, kvType, 4 * pagesEach, page);
      kinds = LayerKinds.of(spec);
      plan = new StepPlan(cut, page, kinds.windows(), kinds.turns());
      attention =
          new AttentionRecorder(
              spec, new PassKernels(pipelines, spec, kvType, page, sizes), at, store, kinds, cut);
      queryNorm = weights();
      keyNorm = weights();
      vectors = gpu.allocate(2L * spec.headSize() * Float.BYTES, MemoryUse.SHARED);
      vectors.mapped().copyFrom(MemorySegment.ofArray(queryNorm));
      vectors
          .mapped()
          .asSlice((long) spec.headSize() * Float.BYTES)
          .copyFrom(MemorySegment.ofArray(keyNorm));
    }

    private float[] weights() {
      float[] weights = new float[spec.headSize()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = 0.5f + random.nextFloat();
      }
      return weights;
    }

    void run() {
      try {
        step(37, 5, 0, 0);
        step(1, 70, 1, 0);
        step(1, 1, 1, 2);
        for (int i = 0; i < 3; i++) {
          step(1, 1, 1, 1);
        }
        step(90, 1, 20, 1);
        step(1, 1, 1, 1);
        if (attended != Attended.HALVES
            && !invariant
            && spec.headSize() == (gpu.traits().isSoftware() ? 16 : LARGE)) {
          // Long enough for many parts.
          for (int i = 0; i < 4; i++) {
            step(0, 0, 150, 0);
          }
          step(1, 1, 1, 1);
          step(0, 0, 1, 0);
        }
        step(0, 0, 0, 1);
      } finally {
        close();
      }
    }

    /// A step of so many tokens of each sequence.
    private void step(int... lengths) {
      List<Batch.Run> runs = new ArrayList<>();
      for (int i = 0; i < lengths.length; i++) {
        if (lengths[i] > 0) {
          History history = histories.get(i);
          runs.add(new Batch.Run(new int[lengths[i]], history.keys.size(), history.pages, 0));
        }
      }
      Batch batch = new Batch(runs);
      StepShape shape = plan.plan(batch);
      StepLayout layout = new StepLayout(shape, 1, kinds.turns());
      float[] projected = new float[batch.tokens() * at.projectedStride];
      for (int i = 0; i < projected.length; i++) {
        projected[i] = (float) random.nextGaussian();
      }
      float[] attended = run(layout, projected, batch.tokens());
      int token = 0;
      for (int i = 0; i < lengths.length; i++) {
        for (int t = 0; t < lengths[i]; t++, token++) {
          remember(histories.get(i), projected, token);
          check(histories.get(i), projected, token, attended);
        }
      }
    }

    private float[] run(StepLayout layout, float[] projected, int tokens) {
      // Tiles' results are never packed.
      Attended as =
          attended == Attended.PACKED && layout.shape.tiles() > 0 ? Attended.FLOATS : attended;
      long bytes = (long) projected.length * Float.BYTES;
      GpuBuffer sums =
          as == Attended.PACKED ? at.packedAttended : at.attended.of(as == Attended.HALVES);
      int rowBytes =
          switch (as) {
            case FLOATS -> at.queryStride * Float.BYTES;
            case HALVES -> at.queryStride * Short.BYTES;
            case PACKED -> Packing.rowBytes(spec.queryWidth());
          };
      try (GpuBuffer up = gpu.allocate(bytes, MemoryUse.UPLOAD);
          GpuBuffer down = gpu.allocate((long) tokens * rowBytes, MemoryUse.READBACK);
          GpuBuffer data = gpu.allocate(layout.size, MemoryUse.SHARED);
          Recording to = gpu.record()) {
        up.mapped().copyFrom(MemorySegment.ofArray(projected));
        plan.write(layout, data.mapped());
        to.copy(up, 0, at.projected, 0, bytes).fullBarrier();
        attention.record(
            PhaseChain.ofBarriers(to, pipelines),
            layout,
            data,
            0,
            norms ? vectors.address() : 0,
            as,
            Phases.none());
        to.fullBarrier().copy(sums, 0, down, 0, (long) tokens * rowBytes).end();
        gpu.submit(to).await(DevicePass.STEP_LIMIT);
        float[] result = new float[tokens * at.queryStride];
        for (int token = 0; token < tokens; token++) {
          MemorySegment row = down.mapped().asSlice((long) token * rowBytes, rowBytes);
          int columns = as == Attended.PACKED ? spec.queryWidth() : at.queryStride;
          for (int i = 0; i < columns; i++) {
            result[token * at.queryStride + i] =
                switch (as) {
                  case FLOATS -> row.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                  case HALVES -> Float.float16ToFloat(row.getAtIndex(ValueLayout.JAVA_SHORT, i));
                  case PACKED -> unpacked(row, i);
                };
          }
        }
        return result;
      }
    }

    /// A column of a row as `pack.glsl` lays it out.
    private float unpacked(MemorySegment row, int column) {
      int tiles = Math.ceilDiv(spec.queryWidth(), 64);
      int inStep = column % 16;
      int word = (column / 64 * 4 + inStep % 8 / 2) * 4 + column / 16 % 4;
      int at = word * Integer.BYTES + inStep % 2 * 2 + inStep / 8;
      int high = row.get(ValueLayout.JAVA_BYTE, at);
      int low = row.get(ValueLayout.JAVA_BYTE, at + tiles * 16L * Integer.BYTES);
      int number = Packing.numberBytes(spec.hidden()) == 2 ? 256 * high + low : high;
      return number * row.getAtIndex(ValueLayout.JAVA_FLOAT, tiles * 32L + column / 32);
    }

    private void remember(History history, float[] projected, int token) {
      int position = history.keys.size();
      int keys = token * at.projectedStride + spec.queryWidth();
      double[] key = new double[spec.kvWidth()];
      double[] value = new double[spec.kvWidth()];
      for (int head = 0; head < spec.kvHeads(); head++) {
        int from = head * spec.headSize();
        double[] placed = placed(projected, keys + from, keyNorm, position);
        for (int i = 0; i < spec.headSize(); i++) {
          key[from + i] = half(placed[i]);
          value[from + i] = half(projected[keys + spec.kvWidth() + from + i]);
        }
      }
      history.keys.add(key);
      history.values.add(value);
    }

    private static double half(double x) {
      return Float.float16ToFloat(Float.floatToFloat16((float) x));
    }

    /// A head, normed and turned.
    private double[] placed(float[] from, int start, float[] norm, int position) {
      int size = spec.headSize();
      double[] head = new double[size];
      double squares = 0;
      for (int i = 0; i < size; i++) {
        head[i] = from[start + i];
        squares += head[i] * head[i];
      }
      for (int i = 0; i < size && norms; i++) {
        head[i] *= norm[i] / Math.sqrt(squares / size + EPSILON);
      }
      Rope rope = spec.layers().getFirst().rope();
      int pairs = rope.inverseFrequencies().length;
      for (int pair = 0; pair < pairs; pair++) {
        boolean apart = rope.pairing() == Rope.Pairing.HALVES;
        int first = apart ? pair : 2 * pair;
        int second = apart ? pair + pairs : 2 * pair + 1;
        float angle = position * rope.inverseFrequencies()[pair];
        double x = head[first];
        double y = head[second];
        head[first] = (x * Math.cos(angle) - y * Math.sin(angle)) * rope.magnitude();
        head[second] = (y * Math.cos(angle) + x * Math.sin(angle)) * rope.magnitude();
      }
      return head;
    }

    private void check(History history, float[] projected, int token, float[] attended) {
      int position = history.keys.size() - 1;
      int size = spec.headSize();
      int from = AttentionPlan.seenFrom(position, spec.layers().getFirst().window());
      for (int head = 0; head < spec.heads(); head++) {
        int shared = head / AttentionPlan.group(spec) * size;
        double[] query =
            placed(projected, token * at.projectedStride + head * size, queryNorm, position);
        double[] weights = new double[position + 1];
        double most = Double.NEGATIVE_INFINITY;
        for (int k = from; k <= position; k++) {
          for (int i = 0; i < size; i++) {
            weights[k] += query[i] * history.keys.get(k)[shared + i];
          }
          weights[k] *= spec.attentionScale();
          most = Math.max(most, weights[k]);
        }
        double total = 0;
        for (int k = from; k <= position; k++) {
          weights[k] = Math.exp(weights[k] - most);
          total += weights[k];
        }
        for (int i = 0; i < size; i++) {
          double sum = 0;
          double largest = 0;
          // A byte's step is one for 32 numbers.
          int first = bytes ? i / 32 * 32 : i;
          int end = bytes ? Math.min(size, first + 32) : i + 1;
          for (int k = from; k <= position; k++) {
            double[] values = history.values.get(k);
            sum += weights[k] / total * values[shared + i];
            for (int j = first; j < end; j++) {
              largest = Math.max(largest, Math.abs(values[shared + j]));
            }
          }
          double actual = attended[token * at.queryStride + head * size + i];
          assertThat(Math.abs(actual - sum))
              .as("position %d, head %d, element %d: %s for %s", position, head, i, actual, sum)
              .isLessThanOrEqualTo(bound * largest);
        }
      }
      for (int i = spec.queryWidth(); i < at.queryStride; i++) {
        assertThat(attended[token * at.queryStride + i]).isZero();
      }
    }

    private void close() {
      at.close();
      store.close();
      vectors.close();
    }
  }
}
