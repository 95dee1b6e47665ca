package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.KvType;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.AnswerListener;
import ringfence.node.engine.EngineException;
import ringfence.node.engine.GenerationTask;
import ringfence.node.engine.SamplingParameters;
import ringfence.node.engine.StopConditions;
import ringfence.node.simulation.Simulation;
import ringfence.node.tokenizer.MarkedText;

/// The simulated model under the real engine: what routers rely on with a real one holds here too.
@Timeout(60)
class SimulatedModelTest {
  private final ServedModel served =
      ServedModel.simulated(
          Simulation.parse("ttft=1ms,tpot=100us,answer=40"),
          new ServedModel.Options(
              BackendKind.AUTO,
              "",
              false,
              -1,
              KvType.F16,
              1,
              OptionalInt.empty(),
              1 << 20,
              8,
              8,
              256));

  @AfterEach
  void close() {
    served.close();
  }

  @Test
  void anAnswerIsAFunctionOfPromptParametersAndSeed() throws InterruptedException {
    Heard one = answer("A fence.", sampling(0.8f, 1), 100, List.of());
    assertThat(one.tokens).hasSize(40);
    assertThat(one.reason).isEqualTo(AnswerListener.FinishReason.STOP);
    assertThat(one.text.toString()).matches("( [a-z]+){40}");
    assertThat(answer("A fence.", sampling(0.8f, 1), 100, List.of()).tokens).isEqualTo(one.tokens);
    assertThat(answer("A fence.", sampling(0.8f, 2), 100, List.of()).tokens)
        .isNotEqualTo(one.tokens);
    assertThat(answer("A fence!", sampling(0.8f, 1), 100, List.of()).tokens)
        .isNotEqualTo(one.tokens);
    assertThat(answer("A fence.", sampling(0, 1), 100, List.of()).tokens).isNotEqualTo(one.tokens);
  }

  @Test
  void itGoesOnExactlyFromAnyToken() throws InterruptedException {
    Heard whole = answer("A letter.", sampling(1, 7), 30, List.of());
    for (int cut : new int[] {1, 13, 29}) {
      Heard rest = answer("A letter.", sampling(1, 7), 30, whole.tokens.subList(0, cut));
      assertThat(rest.tokens).isEqualTo(whole.tokens.subList(cut, 30));
    }
  }

  @Test
  void endsByItselfAlsoWhenItGoesOn() throws InterruptedException {
    Heard whole = answer("A river.", sampling(0, 0), 100, List.of());
    Heard rest = answer("A river.", sampling(0, 0), 100, whole.tokens.subList(0, 39));
    assertThat(rest.tokens).isEqualTo(whole.tokens.subList(39, 40));
    assertThat(rest.reason).isEqualTo(AnswerListener.FinishReason.STOP);
  }

  @Test
  void readsTextAsTokensThatSpellIt() {
    String text = "The fence of the garden: żółw 漢字 <|im_end|> and\n\nmore";
    int[] tokens = served.tokenizer().encode(MarkedText.plain(text), true);
    StringBuilder spelled = new StringBuilder();
    var decoder = new ringfence.node.tokenizer.StreamDecoder(served.tokenizer());
    for (int token : tokens) {
      assertThat(served.tokenizer().isControl(token)).isFalse();
      spelled.append(decoder.next(token));
    }
    assertThat(spelled + decoder.finish()).isEqualTo(text);
    assertThat(tokens.length).isLessThan(text.length());
  }

  private static SamplingParameters sampling(float temperature, long seed) {
    return new SamplingParameters(temperature, 0, 1, 0, 1, 0.3f, 0, Map.of(), seed);
  }

  private Heard answer(
      String prompt, SamplingParameters sampling, int maxTokens, List<Integer> begun)
      throws InterruptedException {
    Heard heard = new Heard();
    served
        .engine()
        .submit(
            new GenerationTask(
                served.tokenizer().encode(MarkedText.plain(prompt), true),
                sampling,
                new StopConditions(List.of(), maxTokens, false),
                -1,
                List.of(
                    new GenerationTask.ChoiceStart(
                        0, begun.stream().mapToInt(Integer::intValue).toArray())),
                System.nanoTime() + TimeUnit.SECONDS.toNanos(30)),
            heard);
    heard.over.await();
    return heard;
  }

  private static final class Heard implements AnswerListener {
    final List<Integer> tokens = new ArrayList<>();
    final StringBuilder text = new StringBuilder();
    final CountDownLatch over = new CountDownLatch(1);
    volatile FinishReason reason;

    @Override
    public void started(int promptTokens, int cachedPromptTokens) {}

    @Override
    public void token(int choice, int offset, int token, String piece, List<LogProb> logProbs) {
      tokens.add(token);
      text.append(piece);
    }

    @Override
    public void finished(
        int choice, FinishReason reason, String rest, int length, String matchedStop) {
      this.reason = reason;
    }

    @Override
    public void done(AnswerStatistics statistics) {
      over.countDown();
    }

    @Override
    public void failed(EngineException failure) {
      over.countDown();
    }

    @Override
    public boolean ready() {
      return true;
    }
  }
}
