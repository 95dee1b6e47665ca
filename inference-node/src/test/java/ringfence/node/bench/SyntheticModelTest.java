package ringfence.node.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Logits;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;

class SyntheticModelTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny:q4_k_m", "tiny:q4_0", "tiny:q8_0"})
  void loadsAndItsLogitsAreFiniteAndDiffer(String name) throws IOException, InterruptedException {
    Path file = SyntheticModel.named(name).write(folder);
    try (Arena arena = Arena.ofShared()) {
      Model model = ModelLoader.load(GgufFile.open(file, arena));
      try (Backend backend =
          Backends.open(BackendKind.CPU, model, new BackendOptions(4, 16, 32, 2))) {
        Logits logits = new Logits(model.spec().vocabulary());
        backend.forward(
            new Batch(List.of(new Batch.Run(new int[] {1, 2, 3}, 0, new int[] {0}, 1))), logits);
        float lowest = Float.MAX_VALUE;
        float highest = -Float.MAX_VALUE;
        for (float logit : logits.row(0)) {
          assertThat(logit).isFinite();
          lowest = Math.min(lowest, logit);
          highest = Math.max(highest, logit);
        }
        assertThat(highest - lowest).isBetween(0.1f, 1000f);
      }
    }
  }

  @Test
  void isTakenFromTheFolderWhereItIsThere() throws IOException, InterruptedException {
    Path file = SyntheticModel.named("TINY:Q4_0").write(folder);
    Object written = Files.getLastModifiedTime(file);
    assertThat(SyntheticModel.named("tiny:q4_0").write(folder)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(written);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8b", "9b:q4_0", "8b:q5_0", "8b:q4_0:x", ""})
  void namesWhatThereIs(String name) {
    assertThatThrownBy(() -> SyntheticModel.named(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tiny, 0.6b or 8b");
  }
}
