package ringfence.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import ringfence.node.compute.ComputeTruth;

class BenchCommandTest {
  private final StringWriter out = new StringWriter();

  @Test
  void printsOneLineForEachMeasurement() {
    String model = ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path().toString();
    int code = bench("--model", model, "--runs", "1", "--warm-up", "0", "--threads", "2");
    assertThat(code).isZero();
    assertThat(out.toString())
        .contains("2 threads", "| tokens/s | ringfence cpu-f32-w")
        .containsPattern("\\| prefill, 512 tokens \\| [0-9.]+ ")
        .containsPattern("\\| decode, 1 sequence \\| [0-9.]+ ")
        .containsPattern("\\| decode, 4 sequences \\| [0-9.]+ ")
        .containsPattern("\\| decode, 16 sequences \\| [0-9.]+ ");
  }

  @Test
  void theDeterministicModeHasItsOwnColumn() {
    String model = ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path().toString();
    int code =
        bench(
            "--model",
            model,
            "--runs",
            "1",
            "--warm-up",
            "0",
            "--threads",
            "2",
            "--prompts",
            "8",
            "--batches",
            "1",
            "--backend",
            "cpu",
            "--deterministic");
    assertThat(code).isZero();
    assertThat(out.toString())
        .containsPattern("\\| tokens/s \\| ringfence cpu-\\S+ \\| ringfence cpu-\\S+ \\| ratio \\|")
        .containsPattern("\\| prefill, 8 tokens \\| .* \\| .* \\| [0-9.]+ \\|");
  }

  @Test
  void saysWhatIsMissingOfThePeer(@TempDir Path empty) {
    String model = ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path().toString();
    StringWriter errors = new StringWriter();
    CommandLine command = new CommandLine(new BenchCommand()).setErr(new PrintWriter(errors, true));
    int code =
        command.execute(
            "--model", model, "--runs", "1", "--warm-up", "0", "--peer", empty.toString());
    assertThat(code).isNotZero();
    assertThat(errors.toString()).contains("no libggml-base.so in " + empty);
  }

  private int bench(String... arguments) {
    return new CommandLine(new BenchCommand())
        .setOut(new PrintWriter(out, true))
        .execute(arguments);
  }
}
