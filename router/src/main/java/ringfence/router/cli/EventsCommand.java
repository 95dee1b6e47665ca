package ringfence.router.cli;

import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.UsageEvent;

/// `router events`.
@Command(
    name = "events",
    description = "Reads what routers tell of their work, from an outbox or from Kafka.",
    mixinStandardHelpOptions = true,
    subcommands = {EventsCommand.Tail.class, EventsCommand.Usage.class})
final class EventsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return 2;
  }

  /// `router events tail`.
  @Command(
      name = "tail",
      description = "Prints events, one a line, each once; also beside a router that writes.",
      mixinStandardHelpOptions = true)
  static final class Tail implements Callable<Integer> {
    private static final TextFormat.Printer LINE =
        TextFormat.printer().emittingSingleLine(true).escapingNonAscii(false);

    @Spec private CommandSpec spec;
    @Mixin private EventSource.Options from;

    @Option(names = "--follow", description = "Go on with what comes, until it is stopped.")
    private boolean follow;

    @Override
    public Integer call() throws IOException, InterruptedException {
      PrintWriter out = spec.commandLine().getOut();
      try (EventSource source = from.open()) {
        List<Event> events = source.next();
        while (follow || !events.isEmpty() || !source.isAtEnd()) {
          for (Event event : events) {
            out.printf(
                "%s %s %s%n",
                Instant.ofEpochMilli(event.getTimeMillis()),
                event.getEventCase().name().toLowerCase(Locale.ROOT),
                LINE.printToString(event));
          }
          out.flush();
          if (events.isEmpty()) {
            Thread.sleep(200);
          }
          events = source.next();
        }
      }
      return 0;
    }
  }

  /// `router events usage`.
  @Command(
      name = "usage",
      description =
          "Adds up what each tenant has used of each model; what was sent twice counts once.",
      mixinStandardHelpOptions = true)
  static final class Usage implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private EventSource.Options from;

    private static final class Sum {
      long requests;
      long promptTokens;
      long answerTokens;
      long moneyNanos;

      void add(UsageEvent usage) {
        requests++;
        promptTokens += usage.getPromptTokens();
        answerTokens += usage.getAnswerTokens();
        moneyNanos += usage.getMoneyNanos();
      }
    }

    private record Line(String tenant, String model) {}

    @Override
    public Integer call() throws IOException {
      TreeMap<Line, Sum> sums =
          new TreeMap<>(Comparator.comparing(Line::tenant).thenComparing(Line::model));
      PrintWriter out = spec.commandLine().getOut();
      try (EventSource source = from.open()) {
        List<Event> events = source.next();
        while (!events.isEmpty() || !source.isAtEnd()) {
          for (Event event : events) {
            if (event.hasUsage() && event.getUsage().getBooked()) {
              Line line = new Line(event.getUsage().getTenant(), event.getUsage().getModel());
              sums.computeIfAbsent(line, _ -> new Sum()).add(event.getUsage());
            }
          }
          events = source.next();
        }
        out.printf(
            "%-20s %-30s %10s %14s %14s %s%n",
            "TENANT", "MODEL", "REQUESTS", "PROMPT TOKENS", "ANSWER TOKENS", "MONEY");
        sums.forEach((line, sum) ->
            out.printf(
                "%-20s %-30s %10d %14d %14d %s%n",
                line.tenant().isEmpty() ? "-" : line.tenant(),
                line.model(),
                sum.requests,
                sum.promptTokens,
                sum.answerTokens,
                BigDecimal.valueOf(sum.moneyNanos, 9).stripTrailingZeros().toPlainString()));
        out.printf("left out as repetitions: %d%n", source.repeated());
      }
      out.flush();
      return 0;
    }
  }
}
