package ringfence.node.serving;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import ringfence.node.catalogue.Catalogue;
import ringfence.node.catalogue.ModelCache;
import ringfence.node.catalogue.ModelFile;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.compute.KvType;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.AnswerListener;
import ringfence.node.engine.Engine;
import ringfence.node.engine.EngineException;
import ringfence.node.engine.EngineOptions;
import ringfence.node.engine.GenerationTask;
import ringfence.node.engine.SamplingParameters;
import ringfence.node.engine.StopConditions;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;
import ringfence.node.template.ChatInput;
import ringfence.node.template.ChatTemplate;
import ringfence.node.template.TemplateException;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizer;
import ringfence.node.tokenizer.Tokenizers;

/// A model with everything that serves it. Owns the mapped file, the backend and the engine, and
/// closes them.
public final class ServedModel implements AutoCloseable {
  private static final int PAGE_TOKENS = 16;
  private static final int LEAST_PAGES = 4;
  // On a processor some 100 ms: as long as a prompt may hold up those who are reading an answer.
  private static final int PROMPT_CHUNK = 32;
  private static final Duration LAG_GRACE = Duration.ofSeconds(1);
  private static final int WARM_ROUNDS = 2;
  private static final int WARM_UP_PROMPT = 128;
  private static final int WARM_UP_ANSWER = 16;
  private static final Duration WARM_UP_DEADLINE = Duration.ofSeconds(60);

  private final ModelFile file;
  private final String digest;
  private final Model model;
  private final int contextLength;
  private final BackendKind backendKind;
  private final Arena arena;
  private final Tokenizer tokenizer;
  private final @Nullable ChatTemplate template;
  private final @Nullable TemplateException templateMissing;
  private final Backend backend;
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
  // The arena's owner is the object that this returns; its close() closes it.
  @SuppressWarnings("MustBeClosedChecker")
  public static ServedModel open(String nameOrPath, Options options) throws IOException {
    ModelCache cache = ModelCache.ofUser();
    ModelFile file = ModelFile.find(nameOrPath, Catalogue.load(), cache);
    Arena arena = Arena.ofShared();
    try {
      return new ServedModel(file, cache.sha256(file.file()), options, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private ServedModel(ModelFile file, String digest, Options options, Arena arena)
      throws IOException {
    this.file = file;
    this.digest = digest;
    this.arena = arena;
    GgufFile gguf = GgufFile.open(file.file(), arena);
    this.model = ModelLoader.load(gguf);
    this.tokenizer = Tokenizers.of(gguf.metadata());
    this.backendKind = Backends.choose(options.backend());
    ChatTemplate chat = null;
    TemplateException missing = null;
    try {
      chat =
          ChatTemplate.parseOrChatMl(
              gguf.metadata().text("tokenizer.chat_template", ""),
              spelling(tokenizer.beginningOfSequence()),
              spelling(tokenizer.endOfSequence()),
              speaksChatMl());
    } catch (TemplateException e) {
      // A model without a usable template still completes text; asking it to chat says why it
      // can't.
      missing = e;
    }
    this.template = chat;
    this.templateMissing = missing;
    long bytesPerToken = Backends.kvBytesPerToken(backendKind, model.spec(), options.kvType());
    long wanted = options.contextLength().orElse(model.spec().contextLength());
    long affordable = options.kvBytes() / bytesPerToken / PAGE_TOKENS;
    if (affordable < LEAST_PAGES) {
      throw new IllegalArgumentException(
          "ringfence.node.kv-memory: this model takes "
              + bytesPerToken
              + " bytes a token, so the KV cache needs at least "
              + (((LEAST_PAGES * PAGE_TOKENS * bytesPerToken) >> 20) + 1)
              + "M");
    }
    // More pages than all sequences at full length can use would lie idle.
    long useful = ((wanted + PAGE_TOKENS - 1) / PAGE_TOKENS) * options.maxSequences();
    int pages = (int) Math.min(Math.min(affordable, useful), Integer.MAX_VALUE / PAGE_TOKENS);
    this.contextLength = (int) Math.min(wanted, (long) pages * PAGE_TOKENS);
    this.backend =
        Backends.open(
            backendKind,
            model,
            new BackendOptions(
                pages,
                PAGE_TOKENS,
                options.batchTokens(),
                options.threads(),
                options.deterministic(),
                options.device(),
                options.gpuLayers(),
                options.kvType()));
    this.engine =
        new Engine(
            file.name(),
            backend,
            tokenizer,
            model.spec().vocabulary(),
            new EngineOptions(
                contextLength,
                options.maxSequences(),
                options.maxWaiting(),
                options.batchTokens(),
                PROMPT_CHUNK,
                LAG_GRACE));
  }

  private boolean speaksChatMl() {
    return tokenizer.encode(MarkedText.trusted("<|im_start|>"), false).length == 1
        && tokenizer.encode(MarkedText.trusted("<|im_end|>"), false).length == 1;
  }

  private String spelling(int token) {
    return token < 0 ? "" : tokenizer.spelling(token);
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
    int[] prompt = new int[Math.min(WARM_UP_PROMPT, contextLength / 2)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = (int) ((31L * i + round) % model.spec().vocabulary());
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
    return tokenizer.encode(render(input), true);
  }

  /// The prompt of a conversation.
  ///
  /// @throws TemplateException when the model has no template or it refuses the messages
  MarkedText render(ChatInput input) {
    if (template == null) {
      throw Objects.requireNonNull(templateMissing);
    }
    return template.render(input);
  }

  /// What clients call it.
  public String name() {
    return file.name();
  }

  /// SHA-256 of the file, lower-case hex.
  String digest() {
    return digest;
  }

  String architecture() {
    return model.spec().architecture();
  }

  /// Tokens that one sequence may hold.
  int contextLength() {
    return contextLength;
  }

  BackendKind backendKind() {
    return backendKind;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Runs the model.
  public Backend backend() {
    return backend;
  }

  /// Generates answers.
  public Engine engine() {
    return engine;
  }

  @Override
  public void close() {
    engine.close();
    backend.close();
    arena.close();
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
