package ringfence.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against a receiver of OTLP in this process.
class TelemetryTest {
  private final LinkedBlockingQueue<ExportTraceServiceRequest> traces = new LinkedBlockingQueue<>();
  private final LinkedBlockingQueue<String> tokens = new LinkedBlockingQueue<>();
  private HttpServer receiver;

  @BeforeEach
  void listen() throws IOException {
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    receiver.createContext(
        "/v1/traces",
        exchange -> {
          traces.add(ExportTraceServiceRequest.parseFrom(exchange.getRequestBody().readAllBytes()));
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

  private TelemetrySettings settings() {
    return new TelemetrySettings(
        "http://127.0.0.1:" + receiver.getAddress().getPort(),
        Duration.ofMillis(500),
        Map.of("x-token", "t"));
  }

  private List<io.opentelemetry.proto.trace.v1.Span> spans() throws InterruptedException {
    ExportTraceServiceRequest request = traces.poll(20, TimeUnit.SECONDS);
    assertThat(request).isNotNull();
    return request.getResourceSpans(0).getScopeSpansList().stream()
        .flatMap(scope -> scope.getSpansList().stream())
        .toList();
  }

  @Test
  void aTraceGoesOnInAnotherProcessAndAttemptsAreLinked() throws Exception {
    Telemetry gateway = Telemetry.of(settings(), "ringfence-gateway", "one");
    Telemetry router = Telemetry.of(settings(), "ringfence-router", "two");
    Span began = gateway.start("root", SpanKind.SERVER, SpanContext.getInvalid());
    SpanContext far = TraceParent.parse(TraceParent.of(began.getSpanContext()));
    Span first = router.start("attempt", SpanKind.CLIENT, far);
    Span second = router.start("attempt", SpanKind.CLIENT, far, first.getSpanContext());
    first.end();
    second.end();
    began.end();
    gateway.close();
    var ofGateway = spans();
    router.close();
    var ofRouter = spans();
    assertThat(ofGateway).hasSize(1);
    var root = ofGateway.getFirst();
    assertThat(root.getParentSpanId().isEmpty()).isTrue();
    assertThat(ofRouter)
        .hasSize(2)
        .allMatch(span -> span.getTraceId().equals(root.getTraceId()))
        .allMatch(span -> span.getParentSpanId().equals(root.getSpanId()));
    assertThat(ofRouter.get(0).getLinksList()).isEmpty();
    assertThat(ofRouter.get(1).getLinksList())
        .singleElement()
        .matches(link -> link.getSpanId().equals(ofRouter.get(0).getSpanId()));
    assertThat(tokens).contains("t");
  }

  @Test
  void aTraceThatAnotherDoesNotKeepIsKeptByNobody() {
    try (Telemetry router = Telemetry.of(settings(), "ringfence-router", "two")) {
      Span span =
          router.start(
              "attempt",
              SpanKind.CLIENT,
              TraceParent.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
      assertThat(span.isRecording()).isFalse();
      span.end();
    }
    assertThat(traces).isEmpty();
  }

  @Test
  void offItMakesNothing() {
    Telemetry off = Telemetry.of(null, "ringfence-gateway", "one");
    assertThat(off.isOn()).isFalse();
    assertThat(off.start("root", SpanKind.SERVER, SpanContext.getInvalid()).isRecording())
        .isFalse();
    off.export(new CompositeMeterRegistry());
    off.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"
      })
  void whatIsNoTraceParentIsNone(String header) {
    assertThat(TraceParent.parse(header).isValid()).isFalse();
  }

  @Test
  void aTraceParentIsReadAsItIsWritten() {
    String header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assertThat(TraceParent.of(TraceParent.parse(header))).isEqualTo(header);
    assertThat(TraceParent.parse(header).isSampled()).isTrue();
    assertThat(TraceParent.parse(header.replaceAll("01$", "00")).isSampled()).isFalse();
    assertThat(TraceParent.parse(null).isValid()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "endpoint, collector:4317, 15",
    "endpoint, ftp://collector, 15",
    "endpoint, http://collector/?a=b, 15",
    "metric-interval, http://collector, -1",
    "metric-interval, http://collector, 7200"
  })
  void aWrongValueIsRefusedByItsKey(String key, String endpoint, long seconds) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TelemetrySettings.of("ringfence.x.telemetry", config(endpoint, seconds)))
        .withMessageStartingWith("ringfence.x.telemetry." + key);
  }

  @Test
  void withoutAnEndpointThereIsNothing() {
    assertThat(TelemetrySettings.of("x", config(null, 1))).isNull();
    assertThat(TelemetrySettings.of("x", config("http://collector:4318/", 0)).endpoint())
        .isEqualTo("http://collector:4318");
  }

  private static TelemetryConfig config(String endpoint, long seconds) {
    return new TelemetryConfig() {
      @Override
      public Optional<String> endpoint() {
        return Optional.ofNullable(endpoint);
      }

      @Override
      public Duration metricInterval() {
        return Duration.ofSeconds(seconds);
      }

      @Override
      public boolean jsonLog() {
        return false;
      }

      @Override
      public Map<String, String> headers() {
        return Map.of();
      }
    };
  }
}
