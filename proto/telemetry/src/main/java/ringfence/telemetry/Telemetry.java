package ringfence.telemetry;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.registry.otlp.AggregationTemporality;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a service exports: spans, and its metrics beside what Prometheus reads. Off, it costs a
/// test of a field. Spans wait for their export in a queue of [#QUEUE]; when it is full they are
/// dropped.
public final class Telemetry implements AutoCloseable {
  /// Exports nothing.
  public static final Telemetry OFF = new Telemetry(null, null, null, Map.of());

  private static final int QUEUE = 8_192;
  private static final Duration EXPORT_LIMIT = Duration.ofSeconds(5);
  // An export costs the more the more often it is made: it has its own connection, threads and code
  // that is cold by then.
  private static final Duration EXPORT_INTERVAL = Duration.ofSeconds(5);
  private static final int EXPORT_BATCH = 2_048;

  private final @Nullable TelemetrySettings settings;
  private final @Nullable SdkTracerProvider provider;
  private final @Nullable Tracer tracer;
  private final Map<String, String> resource;
  private @Nullable OtlpMeterRegistry meters;

  private Telemetry(
      @Nullable TelemetrySettings settings,
      @Nullable SdkTracerProvider provider,
      @Nullable Tracer tracer,
      Map<String, String> resource) {
    this.settings = settings;
    this.provider = provider;
    this.tracer = tracer;
    this.resource = resource;
  }

  /// Starts to export.
  ///
  /// @param settings null: it does not
  /// @param service such as `ringfence-router`
  /// @param instance this process' name
  public static Telemetry of(
      @Nullable TelemetrySettings settings, String service, String instance) {
    if (settings == null) {
      return OFF;
    }
    OtlpHttpSpanExporterBuilder exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(settings.endpoint() + "/v1/traces")
            .setTimeout(EXPORT_LIMIT)
            .setConnectTimeout(EXPORT_LIMIT);
    settings.headers().forEach(exporter::addHeader);
    Sampler ratio = Sampler.traceIdRatioBased(settings.sampling());
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.of(
                                AttributeKey.stringKey("service.name"), service,
                                AttributeKey.stringKey("service.instance.id"), instance))))
            .setSampler(Sampler.parentBased(ratio))
            .addSpanProcessor(
                BatchSpanProcessor.builder(exporter.build())
                    .setMaxQueueSize(QUEUE)
                    .setMaxExportBatchSize(EXPORT_BATCH)
                    .setScheduleDelay(EXPORT_INTERVAL)
                    .setExporterTimeout(EXPORT_LIMIT)
                    .build())
            .build();
    return new Telemetry(
        settings,
        provider,
        provider.get("ringfence"),
        Map.of("service.name", service, "service.instance.id", instance));
  }

  /// Exports a registry's metrics too.
  ///
  /// @param registry one that others can be added to
  public void export(MeterRegistry registry) {
    TelemetrySettings exporting = settings;
    if (exporting == null
        || exporting.metricInterval().isZero()
        || !(registry instanceof CompositeMeterRegistry composite)) {
      return;
    }
    OtlpMeterRegistry added =
        new OtlpMeterRegistry(
            new OtlpConfig() {
              @Override
              public @Nullable String get(String key) {
                return null;
              }

              @Override
              public String url() {
                return exporting.endpoint() + "/v1/metrics";
              }

              @Override
              public Duration step() {
                return exporting.metricInterval();
              }

              @Override
              public Map<String, String> headers() {
                return exporting.headers();
              }

              @Override
              public Map<String, String> resourceAttributes() {
                return resource;
              }

              @Override
              public AggregationTemporality aggregationTemporality() {
                return AggregationTemporality.CUMULATIVE;
              }

              @Override
              public TimeUnit baseTimeUnit() {
                return TimeUnit.SECONDS;
              }
            },
            Clock.SYSTEM);
    meters = added;
    composite.add(added);
  }

  /// Whether spans are made at all.
  public boolean isOn() {
    return tracer != null;
  }

  /// Begins a span; one that records nothing where it is off or not sampled.
  ///
  /// @param parent of this or another process; an invalid one: it begins a trace
  public Span start(String name, SpanKind kind, SpanContext parent) {
    return start(name, kind, parent, null);
  }

  /// Begins a span that follows another one of its trace.
  ///
  /// @param after null: none
  public Span start(String name, SpanKind kind, SpanContext parent, @Nullable SpanContext after) {
    Tracer on = tracer;
    if (on == null) {
      return Span.getInvalid();
    }
    var builder =
        on.spanBuilder(name)
            .setSpanKind(kind)
            .setParent(parent.isValid() ? Context.root().with(Span.wrap(parent)) : Context.root());
    if (after != null) {
      builder.addLink(after);
    }
    return builder.startSpan();
  }

  /// Exports what waits, for a few seconds at most.
  @Override
  public void close() {
    if (provider != null) {
      provider.shutdown().join(EXPORT_LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
    if (meters != null) {
      meters.close();
    }
  }
}
