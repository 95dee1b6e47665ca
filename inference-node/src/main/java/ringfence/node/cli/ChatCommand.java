package ringfence.node.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.KvType;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.Answer;
import ringfence.node.engine.AnswerListener;
import ringfence.node.engine.EngineException;
import ringfence.node.engine.GenerationTask;
import ringfence.node.engine.SamplingParameters;
import ringfence.node.engine.StopConditions;
import ringfence.node.serving.ServedModel;
import ringfence.node.template.ChatInput;

/// `node chat MODEL`: a conversation in the terminal, with no server.
@Command(
    name = "chat",
    description = {
      "Chats with a model in this terminal. /new forgets the conversation, /exit or Ctrl-D leaves,",
      "Ctrl-C stops an answer."
    },
    mixinStandardHelpOptions = true)
final class ChatCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "NAME|FILE.gguf",
      defaultValue = "qwen2.5-coder-0.5b-instruct",
      description = "Default: ${DEFAULT-VALUE}.")
  private String model;

  @Option(names = "--system", description = "A system message.")
  private String system = "";

  @Option(names = "--temperature", defaultValue = "0.7", description = "Default: ${DEFAULT-VALUE}.")
  private float temperature;

  @Option(names = "--max-tokens", defaultValue = "1024", description = "Default: ${DEFAULT-VALUE}.")
  private int maxTokens;

  @Option(names = "--seed", description = "Default: another one each time.")
  private long seed = System.nanoTime();

  @Option(
      names = "--backend",
      defaultValue = "auto",
      description = "auto, cpu, vulkan or reference. Default: ${DEFAULT-VALUE}.")
  private String backend;

  @Option(
      names = "--device",
      paramLabel = "NAME|NUMBER",
      defaultValue = "",
      description = "The GPU to use, where there are several. Default: the best.")
  private String device;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N",
      description = "Layers on the GPU, the others on the CPU. Default: as many as fit.")
  private @Nullable Integer gpuLayers;

  private int gpuLayers() {
    return gpuLayers == null ? BackendOptions.ALL_THAT_FIT : gpuLayers;
  }

  @Override
  public Integer call() throws Exception {
    BackendKind kind =
        BackendKind.named(backend)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "--backend is one of " + String.join(", ", BackendKind.names())));
    ServedModel.Options options =
        new ServedModel.Options(
            kind,
            device,
            false,
            gpuLayers(),
            KvType.F16,
            Runtime.getRuntime().availableProcessors(),
            OptionalInt.empty(),
            256L << 20,
            1,
            1,
            256);
    try (ServedModel served = ServedModel.open(model, options);
        Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).build()) {
      converse(served, terminal);
    }
    return 0;
  }

  private void converse(ServedModel served, Terminal terminal) throws InterruptedException {
    LineReader reader = LineReaderBuilder.builder().terminal(terminal).build();
    PrintWriter out = terminal.writer();
    out.println(served.name() + " on " + served.backend().device() + "   (/new, /exit)");
    List<ChatInput.Message> messages = fresh();
    while (true) {
      String line;
      try {
        line = reader.readLine("> ").strip();
      } catch (EndOfFileException | UserInterruptException e) {
        return;
      }
      switch (line) {
        case "" -> {}
        case "/exit", "/quit" -> {
          return;
        }
        case "/new" -> messages = fresh();
        default -> {
          messages.add(ChatInput.Message.of("user", line));
          String answer = answer(served, messages, terminal);
          if (answer == null) {
            messages.removeLast();
          } else {
            messages.add(ChatInput.Message.of("assistant", answer));
          }
        }
      }
    }
  }

  private List<ChatInput.Message> fresh() {
    List<ChatInput.Message> messages = new ArrayList<>();
    if (!system.isBlank()) {
      messages.add(ChatInput.Message.of("system", system));
    }
    return messages;
  }

  /// The answer as far as it came, or null where there is none.
  private @Nullable String answer(
      ServedModel served, List<ChatInput.Message> messages, Terminal terminal)
      throws InterruptedException {
    PrintedAnswer printed = new PrintedAnswer(terminal.writer());
    try {
      int[] prompt = served.encode(messages);
      GenerationTask task =
          new GenerationTask(
              prompt,
              new SamplingParameters(temperature, 0, 0.95f, 0, 1, 0, 0, Map.of(), seed),
              new StopConditions(List.of(), maxTokens, false),
              -1,
              List.of(new GenerationTask.ChoiceStart(0, new int[0])),
              Long.MAX_VALUE);
      Answer answer = served.engine().submit(task, printed);
      Terminal.SignalHandler before =
          terminal.handle(Terminal.Signal.INT, signal -> answer.cancel());
      printed.ended.await();
      terminal.handle(Terminal.Signal.INT, before);
    } catch (RuntimeException e) {
      terminal.writer().println(CommandError.explain(e));
      terminal.flush();
      return null;
    }
    return printed.failure == null ? printed.text.toString() : null;
  }

  /// Prints as it hears. A terminal is always ready: an answer is short beside its scroll-back.
  private static final class PrintedAnswer implements AnswerListener {
    private final PrintWriter out;
    private final StringBuilder text = new StringBuilder();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable EngineException failure;

    PrintedAnswer(PrintWriter out) {
      this.out = out;
    }

    @Override
    public void started(int promptTokens, int cachedPromptTokens) {}

    @Override
    public void token(int choice, int offset, int token, String released, List<LogProb> logProbs) {
      print(released);
    }

    @Override
    public void finished(
        int choice, FinishReason reason, String rest, int length, String matchedStop) {
      print(rest);
      out.println();
    }

    @Override
    public void done(AnswerStatistics statistics) {
      double seconds = statistics.decodeMicros() / 1e6;
      double speed =
          statistics.answerTokens() > 1 && seconds > 0
              ? (statistics.answerTokens() - 1) / seconds
              : 0;
      out.printf(
          "[%d tokens, %.1f tokens/s, first after %d ms, %d of %d prompt tokens from the cache]%n",
          statistics.answerTokens(),
          speed,
          statistics.prefillMicros() / 1000,
          statistics.cachedPromptTokens(),
          statistics.promptTokens());
      out.flush();
      ended.countDown();
    }

    @Override
    public void failed(EngineException why) {
      failure = why;
      out.println();
      out.println(why.getMessage());
      out.flush();
      ended.countDown();
    }

    @Override
    public boolean ready() {
      return true;
    }

    private void print(String released) {
      text.append(released);
      out.print(released);
      out.flush();
    }
  }
}
