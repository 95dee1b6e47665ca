package ringfence.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.resources.Resource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a receiver of OTLP in this process gets, against what Prometheus would scrape.
class MeterSnapshotsTest {
  private record Named(String unit, String prometheus) {}

  private static final Map<String, Named> NAMES =
      Map.of(
          "gen_ai.server.time_to_first_token",
              new Named("s", "gen_ai_server_time_to_first_token_seconds"),
          "gen_ai.client.token.usage", new Named("", "gen_ai_client_token_usage"),
          "ringfence.router.placement", new Named("s", "ringfence_router_placement_seconds"),
          "ringfence.router.wait", new Named("s", "ringfence_router_wait_seconds"),
          "ringfence.router.requests", new Named("", "ringfence_router_requests_total"),
          "ringfence.node.device.restarts", new Named("", "ringfence_node_device_restarts_total"),
          "ringfence.router.waiting", new Named("", "ringfence_router_waiting"),
          "jvm.memory.used", new Named("By", "jvm_memory_used_bytes"),
          "process.uptime", new Named("s", "process_uptime_seconds"),
          "worker.pool.usage", new Named("s", "worker_pool_usage_seconds"));

  private final LinkedBlockingQueue<ExportMetricsServiceRequest> received =
      new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<String> tokens = new LinkedBlockingQueue<>();
  private final PrometheusMeterRegistry prometheus =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final CompositeMeterRegistry registry = new CompositeMeterRegistry();
  private HttpServer receiver;

  @BeforeEach
  void listen() throws IOException {
    registry.add(prometheus);
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    receiver.createContext(
        "/v1/metrics",
        exchange -> {
          received.add(
              ExportMetricsServiceRequest.parseFrom(exchange.getRequestBody().readAllBytes()));
          tokens.add(String.valueOf(exchange.getRequestHeaders().getFirst("x-token")));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    receiver.start();
  }

  @AfterEach
  void stop() {
    receiver.stop(0);
  }

  private Telemetry telemetry(Duration interval) {
    return Telemetry.of(
        new TelemetrySettings(
            "http://127.0.0.1:" + receiver.getAddress().getPort(),
            interval,
            Map.of("x-token", "t")),
        "ringfence-node",
        "rack-1");
  }

  private ExportMetricsServiceRequest next() throws InterruptedException {
    ExportMetricsServiceRequest request = received.poll(20, TimeUnit.SECONDS);
    assertThat(request).isNotNull();
    return request;
  }

  private static void record(MeterRegistry registry, Random random) {
    for (String model : List.of("one", "two", "a \"third\"\\\n")) {
      Timer firstToken =
          Timer.builder("gen_ai.server.time_to_first_token")
              .description("From a request to its first token")
              .tag("gen_ai.request.model", model)
              .serviceLevelObjectives(
                  Duration.ofMillis(1), Duration.ofMillis(250), Duration.ofSeconds(5))
              .register(registry);
      DistributionSummary usage =
          DistributionSummary.builder("gen_ai.client.token.usage")
              .tag("gen_ai.request.model", model)
              .serviceLevelObjectives(1, 4, 16, 64)
              .register(registry);
      for (int i = random.nextInt(2, 500); i > 0; i--) {
        firstToken.record(random.nextLong(10_000_000_000L), TimeUnit.NANOSECONDS);
        usage.record((double) random.nextInt(100));
      }
      // On a boundary is in its bucket.
      firstToken.record(250, TimeUnit.MILLISECONDS);
      usage.record(16);
      Counter.builder("ringfence.router.requests")
          .tag("outcome", model)
          .register(registry)
          .increment(random.nextInt(1_000));
    }
    Timer placement =
        Timer.builder("ringfence.router.placement")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofNanos(1_000))
            .maximumExpectedValue(Duration.ofMillis(100))
            .register(registry);
    Timer bare = Timer.builder("ringfence.router.wait").register(registry);
    for (int i = 0; i < 1_000; i++) {
      placement.record((long) Math.exp(random.nextDouble(22)), TimeUnit.NANOSECONDS);
      bare.record(random.nextLong(1_000), TimeUnit.MILLISECONDS);
    }
    Gauge.builder("ringfence.router.waiting", () -> 7).register(registry);
    Gauge.builder("jvm.memory.used", () -> 4_096.5)
        .baseUnit("bytes")
        .tag("area", "heap")
        .register(registry);
    // Prometheus gets a NaN; OTLP has no word for no value.
    Gauge.builder("jvm.memory.used", () -> Double.NaN)
        .baseUnit("bytes")
        .tag("area", "none")
        .register(registry);
    TimeGauge.builder("process.uptime", () -> 1_500, TimeUnit.MILLISECONDS).register(registry);
    FunctionCounter.builder("ringfence.node.device.restarts", NAMES, _ -> 2).register(registry);
    FunctionTimer.builder("worker.pool.usage", NAMES, _ -> 3, _ -> 4_500, TimeUnit.MILLISECONDS)
        .register(registry);
  }

  @Test
  void whatIsExportedIsWhatPrometheusReads() throws Exception {
    record(registry, new Random(7));
    // Nothing goes before the close.
    telemetryOf(registry, Duration.ofHours(1)).close();
    ExportMetricsServiceRequest request = next();
    assertThat(received).isEmpty();
    Map<String, Double> scraped = scraped(prometheus.scrape());
    assertThat(scraped).containsKey("jvm_memory_used_bytes{area=none}");
    scraped.remove("jvm_memory_used_bytes{area=none}");
    // The largest of late is a gauge that only Prometheus has.
    scraped.keySet().removeIf(name -> name.contains("_max{"));
    Map<String, Double> exported = new TreeMap<>();
    for (Metric metric : metrics(request)) {
      Named named = NAMES.get(metric.getName());
      assertThat(metric.getUnit()).as(metric.getName()).isEqualTo(named.unit());
      points(metric, named.prometheus(), exported);
    }
    assertThat(exported.keySet()).isEqualTo(scraped.keySet());
    exported.forEach((name, value) ->
        assertThat(value).as(name).isEqualTo(scraped.get(name), within(Math.abs(value) * 1e-12)));
    assertThat(metrics(request))
        .anyMatch(metric -> metric.getDescription().equals("From a request to its first token"));
  }

  @Test
  void itIsExportedAgainAndAgainUnderTheServicesName() throws Exception {
    Counter counter = Counter.builder("ringfence.router.requests").register(registry);
    counter.increment(3);
    try (Telemetry telemetry = telemetryOf(registry, Duration.ofMillis(500))) {
      assertThat(telemetry.isOn()).isTrue();
      var first = next();
      assertThat(first.getResourceMetrics(0).getResource().getAttributesList())
          .extracting(KeyValue::getKey, attribute -> attribute.getValue().getStringValue())
          .contains(
              org.assertj.core.api.Assertions.tuple("service.name", "ringfence-node"),
              org.assertj.core.api.Assertions.tuple("service.instance.id", "rack-1"));
      counter.increment(4);
      next();
      NumberDataPoint before = metrics(first).getFirst().getSum().getDataPoints(0);
      NumberDataPoint after = metrics(next()).getFirst().getSum().getDataPoints(0);
      assertThat(before.getAsDouble()).isBetween(3.0, 7.0);
      assertThat(after.getAsDouble()).isEqualTo(7);
      assertThat(after.getStartTimeUnixNano())
          .isEqualTo(before.getStartTimeUnixNano())
          .isPositive();
      assertThat(after.getTimeUnixNano()).isGreaterThan(before.getTimeUnixNano());
      assertThat(tokens).contains("t").doesNotContain("null");
    }
  }

  @Test
  void withAnIntervalOfZeroNoMetricsGo() {
    Counter.builder("ringfence.router.requests").register(registry).increment();
    telemetryOf(registry, Duration.ZERO).close();
    assertThat(received).isEmpty();
  }

  @Test
  void countsNeitherFallNorContradictEachOtherWhileOthersRecord() throws Exception {
    Timer timer =
        Timer.builder("gen_ai.server.time_to_first_token")
            .serviceLevelObjectives(Duration.ofMillis(1), Duration.ofMillis(2))
            .register(registry);
    MeterSnapshots snapshots = new MeterSnapshots(registry);
    List<Thread> recording =
        Stream.generate(() ->
                Thread.ofPlatform()
                    .start(() -> {
                      for (int i = 0; i < 300_000; i++) {
                        timer.record(i % 3_000, TimeUnit.MICROSECONDS);
                      }
                    }))
            .limit(2)
            .toList();
    HistogramPointData last = point(snapshots);
    while (recording.stream().anyMatch(Thread::isAlive)) {
      HistogramPointData now = point(snapshots);
      assertThat(now.getCount())
          .isEqualTo(now.getCounts().stream().mapToLong(Long::longValue).sum())
          .isGreaterThanOrEqualTo(last.getCount());
      assertThat(now.getCounts().get(0)).isGreaterThanOrEqualTo(last.getCounts().get(0));
      last = now;
    }
    for (Thread thread : recording) {
      thread.join();
    }
    assertThat(point(snapshots).getCounts()).containsExactly(200_200L, 200_000L, 199_800L);
  }

  private static HistogramPointData point(MeterSnapshots snapshots) {
    MetricData metric = snapshots.produce(Resource.empty()).iterator().next();
    return metric.getHistogramData().getPoints().iterator().next();
  }

  private Telemetry telemetryOf(MeterRegistry exported, Duration interval) {
    Telemetry telemetry = telemetry(interval);
    telemetry.export(exported);
    return telemetry;
  }

  private static List<Metric> metrics(ExportMetricsServiceRequest request) {
    return request.getResourceMetricsList().stream()
        .flatMap(resource -> resource.getScopeMetricsList().stream())
        .flatMap(scope -> scope.getMetricsList().stream())
        .toList();
  }

  /// A metric's points as Prometheus would have them.
  private static void points(Metric metric, String name, Map<String, Double> into) {
    switch (metric.getDataCase()) {
      case SUM -> {
        assertThat(metric.getSum().getIsMonotonic()).isTrue();
        assertThat(metric.getSum().getAggregationTemporality()).isEqualTo(cumulative());
        metric
            .getSum()
            .getDataPointsList()
            .forEach(point ->
                into.put(key(name, labels(point.getAttributesList())), point.getAsDouble()));
      }
      case GAUGE ->
          metric
              .getGauge()
              .getDataPointsList()
              .forEach(point ->
                  into.put(key(name, labels(point.getAttributesList())), point.getAsDouble()));
      case HISTOGRAM -> {
        assertThat(metric.getHistogram().getAggregationTemporality()).isEqualTo(cumulative());
        metric.getHistogram().getDataPointsList().forEach(point -> histogram(point, name, into));
      }
      default -> throw new AssertionError(metric);
    }
  }

  private static AggregationTemporality cumulative() {
    return AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE;
  }

  private static void histogram(HistogramDataPoint point, String name, Map<String, Double> into) {
    Map<String, String> labels = labels(point.getAttributesList());
    into.put(key(name + "_count", labels), (double) point.getCount());
    into.put(key(name + "_sum", labels), point.getSum());
    assertThat(point.getBucketCountsCount()).isEqualTo(point.getExplicitBoundsCount() + 1);
    if (point.getExplicitBoundsCount() == 0) {
      return;
    }
    long below = 0;
    for (int i = 0; i < point.getBucketCountsCount(); i++) {
      below += point.getBucketCounts(i);
      labels.put(
          "le",
          i < point.getExplicitBoundsCount()
              ? Double.toString(point.getExplicitBounds(i))
              : "+Inf");
      into.put(key(name + "_bucket", labels), (double) below);
    }
  }

  private static Map<String, String> labels(List<KeyValue> attributes) {
    Map<String, String> labels = new HashMap<>();
    attributes.forEach(attribute ->
        labels.put(attribute.getKey().replace('.', '_'), attribute.getValue().getStringValue()));
    return labels;
  }

  private static String key(String name, Map<String, String> labels) {
    return new TreeMap<>(labels)
        .entrySet().stream()
            .map(label -> label.getKey() + "=" + label.getValue())
            .collect(Collectors.joining(",", name + "{", "}"));
  }

  /// Prometheus' text: a sample a line.
  private static Map<String, Double> scraped(String text) {
    Map<String, Double> samples = new TreeMap<>();
    text.lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(line -> {
          int brace = line.indexOf('{');
          int space = line.lastIndexOf(' ');
          Map<String, String> labels = new HashMap<>();
          int at = brace < 0 ? space : brace + 1;
          while (brace >= 0 && line.charAt(at) != '}') {
            int equals = line.indexOf('=', at);
            StringBuilder value = new StringBuilder();
            int end = equals + 2;
            for (; line.charAt(end) != '"'; end++) {
              char c = line.charAt(end);
              if (c == '\\') {
                end++;
                c = line.charAt(end) == 'n' ? '\n' : line.charAt(end);
              }
              value.append(c);
            }
            labels.put(line.substring(at, equals), value.toString());
            at = line.charAt(end + 1) == ',' ? end + 2 : end + 1;
          }
          samples.put(
              key(line.substring(0, brace < 0 ? space : brace), labels),
              Double.valueOf(line.substring(space + 1)));
        });
    return samples;
  }
}
