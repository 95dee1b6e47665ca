package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.ComputeTruth.TinyModel;
import ringfence.node.compute.Logits;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.CooperativeShape;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Matrices;

/// Devices that have less than this one: other kernels, the same answers, and no message of the
/// validation layer, which knows what was not switched on.
@ExtendWith(VulkanExtension.class)
class LesserDeviceTest {
  private static final int MIB = 1 << 20;

  private enum Less {
    NO_HALVES(EnumSet.of(Feature.FLOAT16, Feature.STORAGE_16, Feature.COOPERATIVE_MATRIX)),
    NO_SMALL_INTEGERS(
        EnumSet.of(Feature.INT8, Feature.INT16, Feature.STORAGE_8, Feature.SUBGROUP_TYPES)),
    NO_INTEGER_DOT(EnumSet.of(Feature.INTEGER_DOT)),
    NO_MATRICES(EnumSet.of(Feature.COOPERATIVE_MATRIX, Feature.BFLOAT16)),
    NO_SUBGROUP_SUMS(EnumSet.of(Feature.SUBGROUP_ARITHMETIC)),
    NO_SUBGROUP_SIZES(EnumSet.of(Feature.SUBGROUP_SIZE)),
    NO_LAYOUTS(EnumSet.of(Feature.SCALAR_LAYOUT, Feature.SHARED_LAYOUT, Feature.MEMORY_BUDGET)),
    SMALL(Set.of());

    private final Set<Feature> missing;

    Less(Set<Feature> missing) {
      this.missing = missing;
    }

    UnaryOperator<GpuTraits> change() {
      return all -> {
        Set<Feature> features = EnumSet.copyOf(all.features());
        features.removeAll(missing);
        GpuTraits.Limits limits = all.limits();
        return new GpuTraits(
            all.index(),
            all.name(),
            all.type(),
            all.vendorId(),
            all.driver(),
            all.api(),
            all.cacheKey(),
            features,
            features.contains(Feature.COOPERATIVE_MATRIX)
                ? all.cooperativeShapes()
                : List.<CooperativeShape>of(),
            all.subgroupSize(),
            all.minSubgroupSize(),
            all.maxSubgroupSize(),
            all.multiprocessors(),
            all.timestampNanos(),
            this == SMALL
                ? new GpuTraits.Limits(
                    limits.memoryBytes(),
                    128L * MIB,
                    128L * MIB,
                    32 << 10,
                    256,
                    limits.maxGroups(),
                    limits.maxGroupsY(),
                    limits.maxGroupsZ())
                : limits);
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Less.class)
  void answersTheSame(Less less, GpuInstance instance, Gpu shared) {
    TinyModel tiny = ComputeTruth.tinyModel("qwen2-mixed.gguf");
    try (Gpu gpu =
        instance.candidates().get(shared.traits().index()).lessened(less.change()).open()) {
      less.missing.forEach(feature -> assertThat(gpu.traits().has(feature)).isFalse());
      Pipelines pipelines = new Pipelines(gpu);
      // Both ways of computing products are there.
      for (Arithmetic arithmetic : Arithmetic.values()) {
        new Matrices(pipelines, arithmetic).close();
      }
      ComputeTruth.withModel(
          tiny.path(),
          model -> {
            BackendOptions options = new BackendOptions(4, 16, 64, 2, true, "");
            try (Backend backend =
                VulkanBackend.open(
                    pipelines, () -> {}, model, options, VulkanBackendTest::noFirstLayers)) {
              int[] sequence = tiny.sequences().getFirst();
              Logits logits = new Logits(model.spec().vocabulary());
              int[] pages = IntStream.range(0, 4).toArray();
              int most = sequence.length - 1;
              int[] before = Arrays.copyOf(sequence, most);
              backend.forward(new Batch(List.of(new Batch.Run(before, 0, pages, most))), logits);
              double worst = 0;
              for (int i = 0; i < most; i++) {
                worst = Math.max(worst, difference(logits.row(i), tiny.logits()[i]));
              }
              int[] last = {sequence[most]};
              backend.forward(new Batch(List.of(new Batch.Run(last, most, pages, 1))), logits);
              worst = Math.max(worst, difference(logits.row(0), tiny.logits()[most]));
              assertThat(worst).isLessThanOrEqualTo(0x1p12 * tiny.noise());
            }
          });
    }
  }

  private static double difference(float[] actual, float[] expected) {
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = Math.abs(actual[i] - expected[i]);
      worst = difference <= worst ? worst : difference; // NaN too becomes the worst
    }
    return worst;
  }
}
