package ringfence.node.serving;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import ringfence.node.catalogue.Catalogue;
import ringfence.node.catalogue.ModelCache;
import ringfence.node.catalogue.ModelFile;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.engine.EngineOptions;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;
import ringfence.node.simulation.SimulatedBackend;
import ringfence.node.simulation.SimulatedLanguage;
import ringfence.node.simulation.Simulation;
import ringfence.node.template.ChatTemplate;
import ringfence.node.template.TemplateException;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizer;
import ringfence.node.tokenizer.Tokenizers;

/// What an engine is started on: a model file that was read, or its simulated substitute.
///
/// @param digest SHA-256 of the file, lower-case hex
/// @param backendName as reports call it
/// @param vocabulary logits of a row
/// @param chat why there is no template, or the template
/// @param arena of the mapped file
record LoadedModel(
    String name,
    String digest,
    String architecture,
    String backendName,
    int vocabulary,
    Tokenizer tokenizer,
    Chat chat,
    Backend backend,
    EngineOptions engineOptions,
    @Nullable Arena arena) {
  private static final int PAGE_TOKENS = 16;
  private static final int LEAST_PAGES = 4;
  // On a processor some 100 ms: as long as a prompt may hold up those who are reading an answer.
  private static final int PROMPT_CHUNK = 32;
  private static final Duration LAG_GRACE = Duration.ofSeconds(1);
  // A simulated pass takes no time: what it may hold bounds nothing.
  private static final int SIMULATED_BATCH_TOKENS = 16_384;

  /// A model without a usable template still completes text; asking it to chat says why it can't.
  sealed interface Chat {
    record Speaks(ChatTemplate template) implements Chat {}

    record Silent(TemplateException why) implements Chat {}
  }

  /// Reads a model by its catalogue name or path.
  // The arena's owner is the object that this returns; its close() closes it.
  @SuppressWarnings("MustBeClosedChecker")
  static LoadedModel ofFile(String nameOrPath, ServedModel.Options options) throws IOException {
    ModelCache cache = ModelCache.ofUser();
    ModelFile file = ModelFile.find(nameOrPath, Catalogue.load(), cache);
    Arena arena = Arena.ofShared();
    try {
      return ofFile(file, cache.sha256(file.file()), options, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static LoadedModel ofFile(
      ModelFile file, String digest, ServedModel.Options options, Arena arena) throws IOException {
    GgufFile gguf = GgufFile.open(file.file(), arena);
    Model model = ModelLoader.load(gguf);
    Tokenizer tokenizer = Tokenizers.of(gguf.metadata());
    BackendKind kind = Backends.choose(options.backend());
    long bytesPerToken = Backends.kvBytesPerToken(kind, model.spec(), options.kvType());
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
    long useful = pages(wanted) * options.maxSequences();
    int pages = (int) Math.min(Math.min(affordable, useful), Integer.MAX_VALUE / PAGE_TOKENS);
    Backend backend =
        Backends.open(
            kind,
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
    return new LoadedModel(
        file.name(),
        digest,
        model.spec().architecture(),
        kind.label(),
        model.spec().vocabulary(),
        tokenizer,
        chat(gguf.metadata().text("tokenizer.chat_template", ""), tokenizer),
        backend,
        new EngineOptions(
            (int) Math.min(wanted, (long) pages * PAGE_TOKENS),
            options.maxSequences(),
            options.maxWaiting(),
            options.batchTokens(),
            PROMPT_CHUNK,
            LAG_GRACE),
        arena);
  }

  /// A model that is no file and computes nothing, with the pace that was asked for.
  static LoadedModel simulated(Simulation simulation, ServedModel.Options options) {
    SimulatedLanguage language = new SimulatedLanguage();
    int slots = options.maxSequences();
    int contextLength = options.contextLength().orElse(simulation.contextLength());
    long useful = pages(contextLength) * slots;
    long asked =
        simulation.kvTokens().isPresent()
            ? pages(simulation.kvTokens().getAsInt())
            : Integer.MAX_VALUE;
    int pages = (int) Math.min(Math.min(asked, useful), Integer.MAX_VALUE / PAGE_TOKENS);
    return new LoadedModel(
        simulation.model(),
        simulation.digest(),
        "simulated",
        "simulated",
        language.vocabulary(),
        language.tokenizer(),
        new Chat.Speaks(language.template()),
        new SimulatedBackend(
            language, simulation.answerTokens(), pages, PAGE_TOKENS, SIMULATED_BATCH_TOKENS),
        new EngineOptions(
            (int) Math.min(contextLength, (long) pages * PAGE_TOKENS),
            slots,
            options.maxWaiting(),
            SIMULATED_BATCH_TOKENS,
            SIMULATED_BATCH_TOKENS - slots,
            LAG_GRACE,
            simulation.pace(slots)),
        null);
  }

  private static long pages(long tokens) {
    return (tokens + PAGE_TOKENS - 1) / PAGE_TOKENS;
  }

  private static Chat chat(String source, Tokenizer tokenizer) {
    try {
      return new Chat.Speaks(
          ChatTemplate.parseOrChatMl(
              source,
              spelling(tokenizer, tokenizer.beginningOfSequence()),
              spelling(tokenizer, tokenizer.endOfSequence()),
              speaksChatMl(tokenizer)));
    } catch (TemplateException e) {
      return new Chat.Silent(e);
    }
  }

  private static boolean speaksChatMl(Tokenizer tokenizer) {
    return tokenizer.encode(MarkedText.trusted("<|im_start|>"), false).length == 1
        && tokenizer.encode(MarkedText.trusted("<|im_end|>"), false).length == 1;
  }

  private static String spelling(Tokenizer tokenizer, int token) {
    return token < 0 ? "" : tokenizer.spelling(token);
  }

  /// @throws TemplateException when there is none
  ChatTemplate template() {
    return switch (chat) {
      case Chat.Speaks speaks -> speaks.template();
      case Chat.Silent silent -> throw silent.why();
    };
  }

  /// Releases backend and file; the engine has ended.
  void close() {
    backend.close();
    if (arena != null) {
      arena.close();
    }
  }
}
