package ringfence.node.serving;

import java.io.IOException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.KvType;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.AnswerListener;
import ringfence.node.engine.Engine;
import ringfence.node.engine.EngineException;
import ringfence.node.engine.GenerationTask;
import ringfence.node.engine.SamplingParameters;
import ringfence.node.engine.StopConditions;
import ringfence.node.simulation.Simulation;
import ringfence.node.template.ChatInput;
import ringfence.node.template.TemplateException;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizer;

/// A model with everything that serves it. Owns what was loaded and the engine, and closes them.
public final class ServedModel implements AutoCloseable {
  private static final int WARM_ROUNDS = 2;
  private static final int WARM_UP_PROMPT = 128;
  private static final int WARM_UP_ANSWER = 16;
  private static final Duration WARM_UP_DEADLINE = Duration.ofSeconds(60);

  private final LoadedModel loaded;
  private final Engine engine;

  /// How a model is served.
  ///
  /// @param gpuLayers as [BackendOptions#gpuLayers]
  /// @param kvType how a GPU keeps keys and values
  /// @param threads compute threads
  /// @param contextLength tokens that one sequence may hold; empty: what the model was made for, as
  ///   far as the KV cache goes
  /// @param kvBytes memory of the KV cache
  /// @param maxSequences decoded at once
  /// @param maxWaiting tasks that wait for their first step
  /// @param batchTokens in one forward pass
  public record Options(
      BackendKind backend,
      String device,
      boolean deterministic,
      int gpuLayers,
      KvType kvType,
      int threads,
      OptionalInt contextLength,
      long kvBytes,
      int maxSequences,
      int maxWaiting,
      int batchTokens) {}

  /// Opens a model by its catalogue name or path.
  ///
  /// @throws IOException when the file can't be read
  /// @throws IllegalArgumentException when there is no such model, or it can't be used with these
  ///   options
  public static ServedModel open(String nameOrPath, Options options) throws IOException {
    return new ServedModel(LoadedModel.ofFile(nameOrPath, options));
  }

  /// A model without a file, whose answers come at the pace that was asked for.
  static ServedModel simulated(Simulation simulation, Options options) {
    return new ServedModel(LoadedModel.simulated(simulation, options));
  }

  private ServedModel(LoadedModel loaded) {
    this.loaded = loaded;
    this.engine =
        new Engine(
            loaded.name(),
            loaded.backend(),
            loaded.tokenizer(),
            loaded.vocabulary(),
            loaded.engineOptions());
  }

  /// Answers made-up prompts until they take no less time than before, so that the first real one
  /// meets compiled code, in particular the one that goes on with an answer of a node that was
  /// lost, and routers hear of measured speeds.
  ///
  /// @param limit when to stop; the round that runs then is finished
  void warmUp(Duration limit) throws InterruptedException {
    long start = System.nanoTime();
    long best = Long.MAX_VALUE;
    int settled = 0;
    for (int round = 0;
        settled < WARM_ROUNDS && System.nanoTime() - start < limit.toNanos();
        round++) {
      long began = System.nanoTime();
      answerMadeUpPrompt(round);
      long took = System.nanoTime() - began;
      settled = took > best - best / 8 ? settled + 1 : 0;
      best = Math.min(best, took);
    }
  }

  private void answerMadeUpPrompt(int round) throws InterruptedException {
    int[] prompt = new int[Math.min(WARM_UP_PROMPT, contextLength() / 2)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = (int) ((31L * i + round) % loaded.vocabulary());
    }
    CountDownLatch ended = new CountDownLatch(1);
    engine.submit(
        new GenerationTask(
            prompt,
            SamplingParameters.greedy(),
            new StopConditions(List.of(), WARM_UP_ANSWER, true),
            -1,
            List.of(new GenerationTask.ChoiceStart(0, new int[0])),
            System.nanoTime() + WARM_UP_DEADLINE.toNanos()),
        new LastCall(ended));
    ended.await();
  }

  /// Token ids of a conversation whose next turn is the assistant's.
  ///
  /// @throws TemplateException when the model has no template or it refuses the messages
  public int[] encode(List<ChatInput.Message> messages) {
    ChatInput input =
        new ChatInput(
            messages,
            List.of(),
            null,
            ChatInput.Ending.ASSISTANT_TURN,
            LocalDateTime.now(ZoneId.systemDefault()));
    return tokenizer().encode(render(input), true);
  }

  /// The prompt of a conversation.
  ///
  /// @throws TemplateException when the model has no template or it refuses the messages
  MarkedText render(ChatInput input) {
    return loaded.template().render(input);
  }

  /// What clients call it.
  public String name() {
    return loaded.name();
  }

  /// SHA-256 of the file, lower-case hex.
  String digest() {
    return loaded.digest();
  }

  String architecture() {
    return loaded.architecture();
  }

  /// Tokens that one sequence may hold.
  int contextLength() {
    return loaded.engineOptions().contextLength();
  }

  /// As reports call it.
  String backendName() {
    return loaded.backendName();
  }

  Tokenizer tokenizer() {
    return loaded.tokenizer();
  }

  /// Runs the model.
  public Backend backend() {
    return loaded.backend();
  }

  /// Generates answers.
  public Engine engine() {
    return engine;
  }

  @Override
  public void close() {
    engine.close();
    loaded.close();
  }

  /// Waits for the end and wants nothing else.
  private record LastCall(CountDownLatch ended) implements AnswerListener {
    @Override
    public void started(int promptTokens, int cachedPromptTokens) {}

    @Override
    public void token(int choice, int offset, int token, String text, List<LogProb> logProbs) {}

    @Override
    public void finished(
        int choice, FinishReason reason, String text, int length, String matchedStop) {}

    @Override
    public void done(AnswerStatistics statistics) {
      ended.countDown();
    }

    @Override
    public void failed(EngineException failure) {
      ended.countDown();
    }

    @Override
    public boolean ready() {
      return true;
    }
  }
}
