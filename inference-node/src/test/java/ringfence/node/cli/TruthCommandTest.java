package ringfence.node.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import ringfence.node.bench.truth.Comparison;
import ringfence.node.bench.truth.Truth;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.KvType;
import ringfence.node.compute.Logits;
import ringfence.node.compute.reference.ReferenceBackend;
import ringfence.node.model.Model;

class TruthCommandTest {
  private static final int TOKENS = 24;

  private final StringWriter out = new StringWriter();
  private final StringWriter errors = new StringWriter();
  private @TempDir Path folder;
  private Path file;

  @BeforeEach
  void text() throws IOException {
    file = folder.resolve("model.truth");
    Files.writeString(
        folder.resolve("text"),
        "The bridge was built of oak and stone, and everyone who crossed it paid a penny: "
            .repeat(3));
  }

  private int truth(String... arguments) {
    return new CommandLine(new TruthCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(errors, true))
        .execute(arguments);
  }

  @Test
  void theProcessorSaysWhatTheReferenceSaid() {
    String model = TestModel.SMOLLM2.file().toString();
    String text = folder.resolve("text").toString();
    assertThat(truth("--model", model, "--write", file.toString(), "--text", text, "--tokens", "8"))
        .isZero();
    assertThat(
            truth(
                "--model", model, "--read", file.toString(), "--backend", "cpu", "--passes", "3,9"))
        .isZero();
    assertThat(out.toString())
        .containsPattern("\\| cpu-f32-\\S+ \\| 3 \\| 8 \\| \\d \\| 0 \\| 0 \\| .* right \\|")
        .containsPattern("\\| cpu-f32-\\S+ \\| 8 \\| 8 \\|");

    // Of another model it says nothing.
    String other = ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path().toString();
    assertThat(truth("--model", other, "--read", file.toString(), "--backend", "cpu")).isNotZero();
    assertThat(errors.toString()).contains("made with another model");
  }

  @Test
  void aTextThatIsTooShortIsRefused() {
    String model = TestModel.SMOLLM2.file().toString();
    String text = folder.resolve("text").toString();
    assertThat(truth("--model", model, "--write", file.toString(), "--text", text)).isNotZero();
    assertThat(errors.toString()).contains("--text has").contains("fewer --tokens");
    assertThat(file).doesNotExist();
  }

  @Test
  void findsABackendThatIsWrong() throws IOException {
    ComputeTruth.TinyModel tiny = ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf");
    int[] ids = Arrays.copyOf(tiny.sequences().getFirst(), TOKENS);
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          try (Backend right = open(model);
              Backend wrong = new Louder(open(model))) {
            Truth truth = Truth.of(right, "00".repeat(32), model.spec().vocabulary(), ids);
            assertThat(Comparison.of(right, truth, 5).meanDivergence()).isLessThan(1e-6);
            Comparison other = Comparison.of(wrong, truth, 5);
            assertThat(other.meanDivergence()).isGreaterThan(1e-3);
            assertThat(other.different()).isEqualTo(TOKENS);
            assertThat(other.wrong()).isEqualTo(other.decided());
            truth.write(file);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });

    byte[] all = Files.readAllBytes(file);
    Truth again = Truth.read(file);
    assertThat(again.ids()).containsExactly(ids);
    all[all.length / 2] ^= 1;
    Files.write(file, all);
    assertThatThrownBy(() -> Truth.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged");
  }

  private static Backend open(Model model) {
    return ReferenceBackend.open(model, Comparison.options(TOKENS, 2, false, "", KvType.F16));
  }

  /// Says the least probable token.
  private record Louder(Backend inner) implements Backend {
    @Override
    public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
      boolean done = inner.forward(batch, logits, unwanted);
      for (int i = 0; i < logits.count(); i++) {
        float[] row = logits.row(i);
        for (int token = 0; token < row.length; token++) {
          row[token] = -row[token];
        }
      }
      return done;
    }

    @Override
    public void copyPage(int from, int to, int tokens) {
      inner.copyPage(from, to, tokens);
    }

    @Override
    public int pages() {
      return inner.pages();
    }

    @Override
    public int pageTokens() {
      return inner.pageTokens();
    }

    @Override
    public int maxBatchTokens() {
      return inner.maxBatchTokens();
    }

    @Override
    public String numerics() {
      return "louder";
    }

    @Override
    public boolean deterministic() {
      return true;
    }

    @Override
    public String device() {
      return inner.device();
    }

    @Override
    public void close() {
      inner.close();
    }
  }
}
