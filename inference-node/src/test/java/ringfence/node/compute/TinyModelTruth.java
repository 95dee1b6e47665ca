package ringfence.node.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import ringfence.node.compute.ComputeTruth.TinyModel;

/// All logits of small random models of every architecture equal those of transformers: RoPE's
/// kinds and scalings, GQA, QK-norm, biases, tied embeddings, windows, GeGLU, every tensor format.
public abstract class TinyModelTruth {
  private static final int PAGE_TOKENS = 16;

  protected abstract Backend open(ringfence.node.model.Model model, BackendOptions options);

  /// The largest difference of a logit that the backend's arithmetic explains.
  protected abstract double tolerance(TinyModel model);

  static List<TinyModel> models() {
    return ComputeTruth.tinyModels();
  }

  @ParameterizedTest
  @MethodSource("models")
  void logitsEqualTransformers(TinyModel tiny) {
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          double worst = 0;
          try (Backend backend = open(model, new BackendOptions(4, PAGE_TOKENS, 64, 2))) {
            Logits logits = new Logits(model.spec().vocabulary());
            int row = 0;
            for (int[] sequence : tiny.sequences()) {
              int[] pages = IntStream.range(0, 4).map(page -> 3 - page).toArray();
              backend.forward(
                  new Batch(List.of(new Batch.Run(sequence, 0, pages, sequence.length))), logits);
              for (int i = 0; i < sequence.length; i++) {
                worst = Math.max(worst, difference(logits.row(i), tiny.logits()[row++]));
              }
            }
            assertThat(row).isEqualTo(tiny.logits().length);
          }
          System.out.println(
              tiny.file()
                  + (": largest difference %.3g, allowed %.3g".formatted(worst, tolerance(tiny))));
          assertThat(worst).isLessThanOrEqualTo(tolerance(tiny));
        });
  }

  private static double difference(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = Math.abs(actual[i] - expected[i]);
      worst = difference <= worst ? worst : difference; // NaN too becomes the worst
    }
    return worst;
  }
}
