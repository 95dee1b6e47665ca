package ringfence.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporterBuilder;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a service exports: spans, and the metrics that Prometheus reads too. Off, it costs a test
/// of a field. Spans wait for their export in a queue of [#QUEUE]; when it is full they are
/// dropped. Which traces are kept is for those who begin them to say: a span is recorded unless its
/// parent is not kept.
public final class Telemetry implements AutoCloseable {
  /// Exports nothing.
  public static final Telemetry OFF = new Telemetry(null, null, null, Resource.empty());

  private static final int QUEUE = 8_192;
  private static final Duration EXPORT_LIMIT = Duration.ofSeconds(5);
  // An export costs the more the more often it is made: it has its own connection, threads and code
  // that is cold by then.
  private static final Duration EXPORT_INTERVAL = Duration.ofSeconds(5);
  private static final int EXPORT_BATCH = 2_048;

  private final @Nullable TelemetrySettings settings;
  private final @Nullable SdkTracerProvider provider;
  private final @Nullable Tracer tracer;
  private final Resource resource;
  private @Nullable SdkMeterProvider meters;

  private Telemetry(
      @Nullable TelemetrySettings settings,
      @Nullable SdkTracerProvider provider,
      @Nullable Tracer tracer,
      Resource resource) {
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
    Resource resource =
        Resource.getDefault()
            .merge(
                Resource.create(
                    Attributes.of(
                        AttributeKey.stringKey("service.name"), service,
                        AttributeKey.stringKey("service.instance.id"), instance)));
    SdkTracerProvider provider =
        SdkTracerProvider.builder()
            .setResource(resource)
            .setSampler(Sampler.parentBased(Sampler.alwaysOn()))
            .addSpanProcessor(
                BatchSpanProcessor.builder(exporter.build())
                    .setMaxQueueSize(QUEUE)
                    .setMaxExportBatchSize(EXPORT_BATCH)
                    .setScheduleDelay(EXPORT_INTERVAL)
                    .setExporterTimeout(EXPORT_LIMIT)
                    .build())
            .build();
    return new Telemetry(settings, provider, provider.get("ringfence"), resource);
  }

  /// Exports a registry's metrics too, as they are at each interval: nothing is recorded for it.
  public void export(MeterRegistry registry) {
    if (settings == null || settings.metricInterval().isZero()) {
      return;
    }
    OtlpHttpMetricExporterBuilder exporter =
        OtlpHttpMetricExporter.builder()
            .setEndpoint(settings.endpoint() + "/v1/metrics")
            .setTimeout(EXPORT_LIMIT)
            .setConnectTimeout(EXPORT_LIMIT);
    settings.headers().forEach(exporter::addHeader);
    meters =
        SdkMeterProvider.builder()
            .setResource(resource)
            .registerMetricProducer(new MeterSnapshots(registry))
            .registerMetricReader(
                PeriodicMetricReader.builder(exporter.build())
                    .setInterval(settings.metricInterval())
                    .build())
            .build();
  }

  /// Whether spans are made at all.
  public boolean isOn() {
    return tracer != null;
  }

  /// Begins a span; one that records nothing where it is off or its parent is not kept.
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
    CompletableResultCode spans = provider == null ? null : provider.shutdown();
    CompletableResultCode metrics = meters == null ? null : meters.shutdown();
    await(spans);
    await(metrics);
  }

  private static void await(@Nullable CompletableResultCode export) {
    if (export != null) {
      export.join(EXPORT_LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }
}
