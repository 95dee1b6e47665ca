package ringfence.node.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.compute.Batch.Run;
import ringfence.node.model.Model;

/// What [Backend] promises, on tiny models: a row's bits depend on its own sequence's tokens alone.
public abstract class BackendContract {
  private static final int PAGE_TOKENS = 8;
  private static final List<String> MODELS =
      List.of(
          "llama-rope3-q8_0.gguf", "qwen2-mixed.gguf", "qwen3-wide-q4_k.gguf", "gemma3-q4_0.gguf");

  /// Tokens, more than a page's, that are computed one by one at a prompt's end.
  private static final int SINGLE = 12;

  protected abstract Backend open(Model model, BackendOptions options);

  /// The tiny models that it is checked on, one of each architecture.
  protected List<String> models() {
    return MODELS;
  }

  private interface Check {
    void run(Backend backend, Model model, int[] tokens);
  }

  private void withBackend(String file, int threads, Check check) {
    ComputeTruth.TinyModel tiny = ComputeTruth.tinyModel(file);
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          try (Backend backend = open(model, new BackendOptions(24, PAGE_TOKENS, 128, threads))) {
            check.run(backend, model, tiny.sequences().getFirst());
          }
        });
  }

  private void withEachModel(Check check) {
    for (String file : models()) {
      withBackend(file, 2, check);
    }
  }

  @Test
  void rowsAreTheSameHoweverThePromptIsCut() {
    withEachModel((backend, model, tokens) -> {
      float[][] whole = rows(backend, model, tokens, pages(0, 6), tokens.length);
      for (int chunk : new int[] {7, 8, 9, 33}) {
        assertThat(rows(backend, model, tokens, pages(6, 6), chunk))
            .as("in chunks of %d", chunk)
            .isDeepEqualTo(whole);
      }
      int[] pages = pages(12, 6);
      int before = tokens.length - SINGLE;
      assertThat(rows(backend, model, Arrays.copyOf(tokens, before), pages, before))
          .isDeepEqualTo(Arrays.copyOf(whole, before));
      for (int at = before; at < tokens.length; at++) {
        Logits logits = new Logits(model.spec().vocabulary());
        backend.forward(new Batch(List.of(new Run(new int[] {tokens[at]}, at, pages, 1))), logits);
        assertThat(logits.row(0)).as("token %d alone", at).isEqualTo(whole[at]);
      }
    });
  }

  @Test
  void rowsAreTheSameWhateverStandsBesideThemInTheBatch() {
    withEachModel((backend, model, tokens) -> {
      float[][] alone = rows(backend, model, tokens, pages(0, 6), tokens.length);
      int[] reversed =
          IntStream.range(0, tokens.length).map(i -> tokens[tokens.length - 1 - i]).toArray();
      Logits logits = new Logits(model.spec().vocabulary());
      backend.forward(
          new Batch(
              List.of(
                  new Run(reversed, 0, pages(6, 6), 3),
                  new Run(tokens, 0, pages(12, 6), tokens.length),
                  new Run(new int[] {tokens[0]}, 0, pages(18, 1), 0))),
          logits);

      assertThat(logits.count()).isEqualTo(3 + tokens.length);
      for (int i = 0; i < tokens.length; i++) {
        assertThat(logits.row(3 + i)).isEqualTo(alone[i]);
      }
    });
  }

  @Test
  void rowsAreTheSameInAnyPages() {
    withEachModel((backend, model, tokens) ->
        assertThat(rows(backend, model, tokens, new int[] {23, 1, 11, 0, 5, 4, 9}, 40))
            .isDeepEqualTo(rows(backend, model, tokens, pages(12, 6), 40)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void rowsAreTheSameOnAnyNumberOfThreads(int threads) {
    for (String file : models()) {
      List<float[][]> results = new ArrayList<>();
      for (int each : new int[] {2, threads}) {
        withBackend(
            file,
            each,
            (backend, model, tokens) ->
                results.add(rows(backend, model, tokens, pages(0, 6), tokens.length)));
      }
      assertThat(results.get(1)).isDeepEqualTo(results.get(0));
    }
  }

  @Test
  void aSequenceGoesOnFromACopiedPage() {
    withEachModel((backend, model, tokens) -> {
      float[][] whole = rows(backend, model, tokens, new int[] {0, 1, 2, 3, 4, 5}, tokens.length);
      int shared = PAGE_TOKENS + 5;
      backend.copyPage(1, 9, 5);

      int[] rest = Arrays.copyOfRange(tokens, shared, tokens.length);
      Logits logits = new Logits(model.spec().vocabulary());
      backend.forward(
          new Batch(List.of(new Run(rest, shared, new int[] {0, 9, 10, 11, 12, 13}, rest.length))),
          logits);

      for (int i = 0; i < rest.length; i++) {
        assertThat(logits.row(i)).isEqualTo(whole[shared + i]);
      }
    });
  }

  @Test
  void aPassThatNobodyWantsEndsBetweenLayersAndLeavesWhatWasComputed() {
    withEachModel((backend, model, tokens) -> {
      float[][] whole = rows(backend, model, tokens, pages(0, 6), tokens.length);
      Logits logits = new Logits(model.spec().vocabulary());
      int half = tokens.length / 2;
      int[] pages = pages(6, 6);
      Batch first = new Batch(List.of(new Run(Arrays.copyOf(tokens, half), 0, pages, 0)));
      int[] rest = Arrays.copyOfRange(tokens, half, tokens.length);
      Batch second = new Batch(List.of(new Run(rest, half, pages, rest.length)));
      backend.forward(first, logits);

      AtomicInteger asked = new AtomicInteger();
      assertThat(backend.forward(second, logits, () -> asked.incrementAndGet() > 1)).isFalse();
      assertThat(asked).hasValue(2);

      assertThat(backend.forward(second, logits, () -> false)).isTrue();
      for (int i = 0; i < rest.length; i++) {
        assertThat(logits.row(i)).isEqualTo(whole[half + i]);
      }
    });
  }

  @Test
  void onlyTheLastTokensOfARunGiveRows() {
    withEachModel((backend, model, tokens) -> {
      float[][] whole = rows(backend, model, tokens, pages(0, 6), tokens.length);
      Logits logits = new Logits(model.spec().vocabulary());
      backend.forward(new Batch(List.of(new Run(tokens, 0, pages(6, 6), 2))), logits);
      assertThat(logits.count()).isEqualTo(2);
      assertThat(logits.row(0)).isEqualTo(whole[tokens.length - 2]);
      assertThat(logits.row(1)).isEqualTo(whole[tokens.length - 1]);

      backend.forward(new Batch(List.of(new Run(tokens, 0, pages(6, 6), 0))), logits);
      assertThat(logits.count()).isZero();
    });
  }

  @Test
  void refusesABatchThatIsTooLongAndAPageThatDoesNotExist() {
    withBackend(
        MODELS.getFirst(),
        1,
        (backend, model, tokens) -> {
          Logits logits = new Logits(model.spec().vocabulary());
          Batch tooLong = new Batch(List.of(new Run(new int[129], 0, pages(0, 17), 1)));
          assertThatThrownBy(() -> backend.forward(tooLong, logits))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("129");
          Batch noPage = new Batch(List.of(new Run(new int[] {1}, 0, new int[] {24}, 1)));
          assertThatThrownBy(() -> backend.forward(noPage, logits))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("24");
        });
  }

  private static int[] pages(int first, int count) {
    return IntStream.range(first, first + count).toArray();
  }

  /// Logits after every token, computed in runs of at most `chunk`.
  private static float[][] rows(
      Backend backend, Model model, int[] tokens, int[] pages, int chunk) {
    float[][] rows = new float[tokens.length][];
    Logits logits = new Logits(model.spec().vocabulary());
    for (int at = 0; at < tokens.length; at += chunk) {
      int[] part = Arrays.copyOfRange(tokens, at, Math.min(tokens.length, at + chunk));
      backend.forward(new Batch(List.of(new Run(part, at, pages, part.length))), logits);
      for (int i = 0; i < part.length; i++) {
        rows[at + i] = logits.row(i).clone();
      }
    }
    return rows;
  }
}
