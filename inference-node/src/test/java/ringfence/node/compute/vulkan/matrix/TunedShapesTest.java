package ringfence.node.compute.vulkan.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.CacheFile;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Bucket;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Key;
import ringfence.node.compute.vulkan.weights.WeightFormat;

@ExtendWith(VulkanExtension.class)
class TunedShapesTest {
  private static final Choice MAT_VEC = new Choice.MatVec(new MatVecShape(2, 1, 1, 3), true);
  private static final Choice FRAGMENTS = new Choice.Fragments(new FragmentShape(1, 2, 4, 2, 8, 0));
  private static final Key ONE = key(WeightFormat.Q4_K, 256, 1);
  private static final Key EIGHT = key(WeightFormat.Q6_K, 512, 8);
  private static final TunedShapes TUNED = new TunedShapes(Map.of(ONE, MAT_VEC, EIGHT, FRAGMENTS));

  private @TempDir Path cache;

  private static Key key(WeightFormat format, int rows, int tokens) {
    return new Key(format, rows, 512, 1, Bucket.of(tokens));
  }

  private Path file(Gpu gpu) {
    return cache.resolve("tuning").resolve(gpu.traits().cacheKey());
  }

  @Test
  void whatIsRememberedComesBack(Gpu gpu) {
    TUNED.remember(gpu.traits(), cache);
    assertThat(TunedShapes.read(gpu.traits(), cache)).isEqualTo(TUNED);
    TunedShapes.NONE.remember(gpu.traits(), cache);
    assertThat(TunedShapes.read(gpu.traits(), cache)).isEqualTo(TunedShapes.NONE);
  }

  @Test
  void nothingIsRememberedOfSoftware(Gpu gpu) {
    TUNED.remember(gpu.traits(), cache);
    assertThat(TunedShapes.remembered(gpu.traits(), cache))
        .isEqualTo(gpu.traits().isSoftware() ? TunedShapes.NONE : TUNED);
  }

  @Test
  void aDamagedFileCountsAsNone(Gpu gpu) throws IOException {
    TUNED.remember(gpu.traits(), cache);
    byte[] bytes = Files.readAllBytes(file(gpu));
    bytes[bytes.length - 3] ^= 1;
    Files.write(file(gpu), bytes);
    assertThat(TunedShapes.read(gpu.traits(), cache)).isEqualTo(TunedShapes.NONE);
    assertThat(TunedShapes.read(gpu.traits(), cache.resolve("nowhere")))
        .isEqualTo(TunedShapes.NONE);
  }

  @Test
  void aFileOfOtherKernelsOrOfAnotherFormCountsAsNone(Gpu gpu) {
    TUNED.remember(gpu.traits(), cache);
    String text = new String(new CacheFile(file(gpu)).read(), StandardCharsets.UTF_8);
    assertThat(text).contains("matvec 2 1 1 3 1");
    for (String other :
        new String[] {
          text.replaceFirst("[0-9a-f]{8}\n", "00000000\n"),
          text.replace("matvec", "matwreck"),
          text.replace("matvec 2 1 1 3 1", "matvec 2 1 1 3"),
          text.replace("matvec 2 1 1 3 1", "matvec 2 1 1 x 1"),
          text.replace("matvec 2 1 1 3 1", "matvec 0 1 1 3 1"),
          text.replace("Q4_K", "Q4_Z")
        }) {
      new CacheFile(file(gpu)).write(other.getBytes(StandardCharsets.UTF_8));
      assertThat(TunedShapes.read(gpu.traits(), cache)).as(other).isEqualTo(TunedShapes.NONE);
    }
  }

  @Test
  void whatWasMeasuredAnewCounts() {
    TunedShapes again = TUNED.with(Set.of(ONE), TunedShapes.NONE);
    assertThat(again.choices()).containsOnlyKeys(EIGHT);
    assertThat(again.mark()).isNotEqualTo(TUNED.mark()).isNotEmpty();
    assertThat(TunedShapes.NONE.mark()).isEmpty();
  }

  @Test
  void everyNumberOfTokensIsInTheBucketThatIsMeasured() {
    for (Bucket bucket : Bucket.all()) {
      assertThat(Bucket.of(bucket.measured())).isEqualTo(bucket);
    }
    for (int tokens = 1; tokens <= 600; tokens++) {
      assertThat(Bucket.all()).contains(Bucket.of(tokens));
    }
  }

  @Test
  void matricesTakeWhatFitsAndNothingElse(Pipelines pipelines) {
    Choice usual;
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST)) {
      usual = matrices.choose(WeightFormat.Q4_K, 256, 512, 1, 1);
      assertThat(usual).isInstanceOf(Choice.MatVec.class);
    }
    Choice huge = new Choice.MatVec(new MatVecShape(32, 1, 1, 3), true);
    boolean hasHuge = pipelines.gpu().traits().limits().maxInvocations() >= 1024;
    TunedShapes tuned =
        new TunedShapes(
            Map.of(
                ONE,
                MAT_VEC,
                key(WeightFormat.Q4_K, 512, 1),
                FRAGMENTS,
                key(WeightFormat.Q4_K, 768, 1),
                huge));
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST, tuned)) {
      assertThat(matrices.choose(WeightFormat.Q4_K, 256, 512, 1, 1)).isEqualTo(MAT_VEC);
      assertThat(matrices.byDefault(WeightFormat.Q4_K, 256, 512, 1, 1)).isEqualTo(usual);
      // Another shape, another format, gated; a kind that wants other input; too many threads.
      assertThat(matrices.choose(WeightFormat.Q4_K, 1024, 512, 1, 1)).isEqualTo(usual);
      assertThat(matrices.choose(WeightFormat.Q5_K, 256, 512, 1, 1)).isEqualTo(usual);
      assertThat(matrices.choose(WeightFormat.Q4_K, 256, 512, 1, 2)).isNotEqualTo(MAT_VEC);
      assertThat(matrices.choose(WeightFormat.Q4_K, 512, 512, 1, 1)).isEqualTo(usual);
      assertThat(matrices.choose(WeightFormat.Q4_K, 768, 512, 1, 1))
          .isEqualTo(hasHuge ? huge : usual);
    }
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.DETERMINISTIC, tuned)) {
      assertThat(matrices.choose(WeightFormat.Q4_K, 256, 512, 1, 1)).isNotEqualTo(MAT_VEC);
    }
  }
}
