package ringfence.node.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import ringfence.node.engine.AnswerListener.AnswerStatistics;
import ringfence.node.engine.EngineStats;
import ringfence.proto.v1.Failure;

/// What the node counts. No label holds anything of a request but the model's name.
final class NodeMetrics {
  private final MeterRegistry registry;
  private final String model;
  private final Counter promptTokens;
  private final Counter cachedTokens;
  private final Counter answerTokens;
  private final Counter finished;
  private final Timer firstToken;
  private final Timer queue;

  NodeMetrics(MeterRegistry registry, ServedModel served) {
    this.registry = registry;
    this.model = served.name();
    this.promptTokens =
        counter("ringfence.node.prompt.tokens", "Prompt tokens of finished attempts");
    this.cachedTokens =
        counter("ringfence.node.prompt.tokens.cached", "Prompt tokens found in the prefix cache");
    this.answerTokens =
        counter("ringfence.node.answer.tokens", "Answer tokens of finished attempts");
    this.finished = counter("ringfence.node.attempts.finished", "Attempts that ran to their end");
    this.firstToken = timer("ringfence.node.ttft", "From an attempt's arrival to its first token");
    this.queue = timer("ringfence.node.queue", "From an attempt's arrival to its first step");
    FunctionCounter.builder(
            "ringfence.node.device.restarts", served, s -> s.engine().stats().totals().restarts())
        .description("Times that a lost GPU was opened anew")
        .tag("model", model)
        .register(registry);
    gauge(
        served,
        "ringfence.node.sequences.running",
        "Sequences that are being decoded or prefilled",
        EngineStats::runningSequences);
    gauge(
        served,
        "ringfence.node.sequences.waiting",
        "Sequences that wait for their first step",
        EngineStats::waitingSequences);
    Gauge.builder(
            "ringfence.node.kv.tokens",
            served,
            s -> (double) s.backend().pages() * s.backend().pageTokens())
        .description("Tokens that the KV cache holds")
        .tag("model", model)
        .register(registry);
    gauge(
        served,
        "ringfence.node.kv.tokens.free",
        "Tokens for which the KV cache has room",
        EngineStats::freeKvTokens);
  }

  private void gauge(
      ServedModel served, String name, String description, ToDoubleFunction<EngineStats> value) {
    Gauge.builder(name, served, s -> value.applyAsDouble(s.engine().stats()))
        .description(description)
        .tag("model", model)
        .register(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).tag("model", model).register(registry);
  }

  private Timer timer(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .tag("model", model)
        .serviceLevelObjectives(
            Duration.ofMillis(10),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofMillis(2500),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(60))
        .register(registry);
  }

  void firstToken(long nanos) {
    firstToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  void finished(AnswerStatistics statistics) {
    finished.increment();
    promptTokens.increment(statistics.promptTokens());
    cachedTokens.increment(statistics.cachedPromptTokens());
    answerTokens.increment(statistics.answerTokens());
    queue.record(statistics.queueMicros(), TimeUnit.MICROSECONDS);
  }

  void failed(Failure.Reason reason) {
    Counter.builder("ringfence.node.attempts.failed")
        .description("Attempts that ended early, by the failure's reason")
        .tag("model", model)
        .tag("reason", reason.name())
        .register(registry)
        .increment();
  }
}
