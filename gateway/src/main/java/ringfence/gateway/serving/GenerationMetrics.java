package ringfence.gateway.serving;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import ringfence.gateway.openai.Tally;

/// What OpenTelemetry's conventions for generative AI measure of a complete answer, under their
/// names and with their buckets; once for each request.
final class GenerationMetrics {
  private static final Duration[] DURATIONS =
      IntStream.range(0, 14).mapToObj(i -> Duration.ofMillis(10L << i)).toArray(Duration[]::new);
  private static final Duration[] FIRST_TOKEN =
      millis(1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000);
  private static final Duration[] PER_TOKEN =
      millis(1, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500);
  private static final double[] TOKENS =
      IntStream.range(0, 11).mapToDouble(i -> 1L << (2 * i)).toArray();

  private record Labels(String operation, String model) {}

  private record Meters(
      DistributionSummary input,
      DistributionSummary output,
      Timer operation,
      Timer request,
      Timer firstToken,
      Timer perToken) {}

  private final MeterRegistry registry;
  private final Map<Labels, Meters> meters = new ConcurrentHashMap<>();

  GenerationMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  private static Duration[] millis(int... millis) {
    return IntStream.of(millis).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }

  /// A complete answer.
  ///
  /// @param model a bounded name
  /// @param firstTokenNanos from its arrival; 0: it had no token
  /// @param tokensNanos from its first token to its last
  void completed(
      String operation,
      String model,
      Tally tally,
      long nanos,
      long firstTokenNanos,
      long tokensNanos) {
    Meters its = meters.computeIfAbsent(new Labels(operation, model), this::make);
    its.input().record((double) tally.promptTokens());
    its.output().record((double) tally.answerTokens());
    its.operation().record(nanos, TimeUnit.NANOSECONDS);
    its.request().record(nanos, TimeUnit.NANOSECONDS);
    if (firstTokenNanos > 0) {
      its.firstToken().record(firstTokenNanos, TimeUnit.NANOSECONDS);
    }
    if (tally.answerTokens() > 1) {
      its.perToken().record(tokensNanos / (tally.answerTokens() - 1), TimeUnit.NANOSECONDS);
    }
  }

  private Meters make(Labels labels) {
    Tags tags =
        Tags.of(
            "gen_ai.operation.name", labels.operation(),
            "gen_ai.provider.name", RequestMetrics.PROVIDER,
            "gen_ai.request.model", labels.model());
    return new Meters(
        tokens(tags.and("gen_ai.token.type", "input")),
        tokens(tags.and("gen_ai.token.type", "output")),
        timer(
            "gen_ai.client.operation.duration",
            "From a request to its whole answer",
            tags,
            DURATIONS),
        timer(
            "gen_ai.server.request.duration",
            "From a request to its whole answer",
            tags,
            DURATIONS),
        timer(
            "gen_ai.server.time_to_first_token",
            "From a request to its first token",
            tags,
            FIRST_TOKEN),
        timer(
            "gen_ai.server.time_per_output_token",
            "Of each token after the first",
            tags,
            PER_TOKEN));
  }

  private DistributionSummary tokens(Tags tags) {
    return DistributionSummary.builder("gen_ai.client.token.usage")
        .description("Tokens of prompts and answers")
        .serviceLevelObjectives(TOKENS)
        .tags(tags)
        .register(registry);
  }

  private Timer timer(String name, String description, Tags tags, Duration[] buckets) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(buckets)
        .tags(tags)
        .register(registry);
  }
}
