package ringfence.gateway.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.GatewayConfig;
import ringfence.gateway.access.Access;
import ringfence.gateway.openai.Tally;
import ringfence.telemetry.JsonLog;
import ringfence.telemetry.Telemetry;
import ringfence.telemetry.TelemetrySettings;
import ringfence.telemetry.TraceParent;

/// The gateway's metrics. Labels are bounded: routes and statuses are few, and of models only the
/// first that the router knew get a name.
@Singleton
public final class RequestMetrics {
  static final String NO_MODEL = "none";
  static final String PROVIDER = "ringfence";
  private static final String OTHER_MODELS = "other";
  private static final int MAX_MODELS = 64;

  private record Request(String route, String model, int status) {}

  /// What is measured of one model's answers.
  record ModelMeters(
      Timer firstTokens, Timer interTokens, Counter prompt, Counter cached, Counter answer) {

    void firstToken(long nanos) {
      firstTokens.record(nanos, TimeUnit.NANOSECONDS);
    }

    void interToken(long nanos) {
      interTokens.record(nanos, TimeUnit.NANOSECONDS);
    }

    void tokens(Tally tally) {
      prompt.increment((double) tally.promptTokens());
      cached.increment((double) tally.cachedPromptTokens());
      answer.increment((double) tally.answerTokens());
    }
  }

  private final MeterRegistry registry;
  private final GenerationMetrics generations;
  private final Telemetry telemetry;
  private final Sampling sampling;
  private final Map<String, ModelMeters> models = new ConcurrentHashMap<>();
  private final Map<Request, Timer> requests = new ConcurrentHashMap<>();

  RequestMetrics(MeterRegistry registry, Access access, GatewayConfig config) {
    this.registry = registry;
    this.generations = new GenerationMetrics(registry);
    JsonLog.install(config.telemetry());
    try {
      this.telemetry =
          Telemetry.of(
              TelemetrySettings.of("ringfence.gateway.telemetry", config.telemetry()),
              "ringfence-gateway",
              "gateway");
      this.sampling = new Sampling(config.telemetry().sampling());
    } catch (IllegalArgumentException wrong) {
      throw new ConfigurationException(String.valueOf(wrong.getMessage()), wrong);
    }
    telemetry.export(registry);
    Gauge.builder("ringfence.gateway.requests.in.flight", access.gate(), gate -> gate.inFlight())
        .description("Requests under way; one with several prompts counts once for each")
        .register(registry);
  }

  /// The span of a request whose trace is kept; one that records nothing where it is not.
  ///
  /// @param traceParent the client's header; null: it sent none
  Span span(String route, @Nullable String traceParent) {
    if (!telemetry.isOn()) {
      return Span.getInvalid();
    }
    SpanContext client = TraceParent.parse(traceParent);
    return sampling.keeps(client)
        ? telemetry.start("POST " + route, SpanKind.SERVER, client)
        : Span.getInvalid();
  }

  /// What is measured of complete answers.
  GenerationMetrics generations() {
    return generations;
  }

  /// What a route does, as OpenTelemetry's conventions call it.
  static String operation(String route) {
    return route.equals(GenerationRoutes.CHAT) ? "chat" : "text_completion";
  }

  @PreDestroy
  void close() {
    telemetry.close();
  }

  /// A name that may be a label.
  String bounded(String model) {
    return models.containsKey(model) || models.size() < MAX_MODELS ? model : OTHER_MODELS;
  }

  void request(String route, String model, int status, long nanos) {
    requests
        .computeIfAbsent(new Request(route, model, status), this::timer)
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  private Timer timer(Request labels) {
    return Timer.builder("ringfence.gateway.requests")
        .description(
            "From a request's arrival to its answer's last byte; status 499: the client left")
        .tag("route", labels.route())
        .tag("model", labels.model())
        .tag("status", Integer.toString(labels.status()))
        .serviceLevelObjectives(buckets(10, 100, 1_000, 10_000, 60_000, 600_000))
        .register(registry);
  }

  /// @param model a bounded name
  ModelMeters meters(String model) {
    return models.computeIfAbsent(
        model,
        name ->
            new ModelMeters(
                Timer.builder("ringfence.gateway.time.to.first.token")
                    .description("From a request's arrival to its first token")
                    .tag("model", name)
                    .serviceLevelObjectives(
                        buckets(10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000))
                    .register(registry),
                Timer.builder("ringfence.gateway.inter.token")
                    .description("Between two tokens of one request")
                    .tag("model", name)
                    .serviceLevelObjectives(buckets(1, 2, 5, 10, 20, 50, 100, 250, 1_000))
                    .register(registry),
                tokenCounter(name, "prompt"),
                tokenCounter(name, "cached_prompt"),
                tokenCounter(name, "answer")));
  }

  private Counter tokenCounter(String model, String kind) {
    return Counter.builder("ringfence.gateway.tokens")
        .description("Tokens of complete answers; cached_prompt is part of prompt")
        .tag("model", model)
        .tag("kind", kind)
        .register(registry);
  }

  private static Duration[] buckets(int... millis) {
    var durations = new Duration[millis.length];
    for (int i = 0; i < millis.length; i++) {
      durations[i] = Duration.ofMillis(millis[i]);
    }
    return durations;
  }
}
