package ringfence.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.Data;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.GaugeData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.resources.Resource;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What a registry's meters say when they are asked, in OTLP's terms: a figure is recorded once,
/// for Prometheus, and read here for export. Names and labels are the meters' own; sums and
/// histograms are cumulative since the process' start; times are in seconds. Meters that are no
/// counter, gauge, timer or distribution summary are left out: no service has any.
final class MeterSnapshots implements MetricProducer {
  private static final InstrumentationScopeInfo SCOPE =
      InstrumentationScopeInfo.create("ringfence");

  private final MeterRegistry registry;
  private final long startNanos =
      TimeUnit.MILLISECONDS.toNanos(ManagementFactory.getRuntimeMXBean().getStartTime());

  MeterSnapshots(MeterRegistry registry) {
    this.registry = registry;
  }

  private enum Kind {
    SUM(MetricDataType.DOUBLE_SUM),
    GAUGE(MetricDataType.DOUBLE_GAUGE),
    HISTOGRAM(MetricDataType.HISTOGRAM);

    final MetricDataType type;

    Kind(MetricDataType type) {
      this.type = type;
    }

    static @Nullable Kind of(Meter meter) {
      return switch (meter) {
        case Counter _, FunctionCounter _ -> SUM;
        case Gauge _ -> GAUGE;
        case Timer _, FunctionTimer _, DistributionSummary _ -> HISTOGRAM;
        default -> null;
      };
    }
  }

  private record Series(String name, Kind kind) {}

  /// One metric with the points of all its labels.
  private record Metric(Resource resource, Meter first, Series series, Data<?> data)
      implements MetricData {

    @Override
    public Resource getResource() {
      return resource;
    }

    @Override
    public InstrumentationScopeInfo getInstrumentationScopeInfo() {
      return SCOPE;
    }

    @Override
    public String getName() {
      return series.name();
    }

    @Override
    public String getDescription() {
      String description = first.getId().getDescription();
      return description == null ? "" : description;
    }

    /// UCUM's word where it has one for the registry's.
    @Override
    public String getUnit() {
      if (first instanceof Timer || first instanceof FunctionTimer || first instanceof TimeGauge) {
        return "s";
      }
      String unit = first.getId().getBaseUnit();
      return switch (unit) {
        case null -> "";
        case "seconds" -> "s";
        case "bytes" -> "By";
        default -> unit;
      };
    }

    @Override
    public MetricDataType getType() {
      return series.kind().type;
    }

    @Override
    public Data<?> getData() {
      return data;
    }
  }

  @Override
  public Collection<MetricData> produce(Resource resource) {
    long nowNanos = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    Map<Series, List<Meter>> bySeries = new LinkedHashMap<>();
    for (Meter meter : registry.getMeters()) {
      Kind kind = Kind.of(meter);
      if (kind != null) {
        bySeries
            .computeIfAbsent(new Series(meter.getId().getName(), kind), _ -> new ArrayList<>())
            .add(meter);
      }
    }
    List<MetricData> metrics = new ArrayList<>(bySeries.size());
    bySeries.forEach((series, meters) -> {
      Data<?> data = data(series.kind(), meters, nowNanos);
      if (!data.getPoints().isEmpty()) {
        metrics.add(new Metric(resource, meters.getFirst(), series, data));
      }
    });
    return metrics;
  }

  private Data<?> data(Kind kind, List<Meter> meters, long nowNanos) {
    return switch (kind) {
      case SUM ->
          SumData.createDoubleSumData(
              true, AggregationTemporality.CUMULATIVE, values(meters, nowNanos));
      case GAUGE -> GaugeData.createDoubleGaugeData(values(meters, nowNanos));
      case HISTOGRAM ->
          HistogramData.create(
              AggregationTemporality.CUMULATIVE,
              meters.stream().map(meter -> histogram(meter, nowNanos)).toList());
    };
  }

  private List<DoublePointData> values(List<Meter> meters, long nowNanos) {
    List<DoublePointData> points = new ArrayList<>(meters.size());
    for (Meter meter : meters) {
      double value =
          switch (meter) {
            case Counter counter -> counter.count();
            case FunctionCounter counter -> counter.count();
            case TimeGauge gauge -> gauge.value(TimeUnit.SECONDS);
            case Gauge gauge -> gauge.value();
            default -> Double.NaN;
          };
      // A gauge whose object is gone has no value.
      if (!Double.isNaN(value)) {
        points.add(
            DoublePointData.create(startNanos, nowNanos, attributes(meter), value, List.of()));
      }
    }
    return points;
  }

  private HistogramPointData histogram(Meter meter, long nowNanos) {
    return switch (meter) {
      case Timer timer -> {
        HistogramSnapshot taken = timer.takeSnapshot();
        yield histogram(meter, nowNanos, taken.count(), taken.total(TimeUnit.SECONDS), taken);
      }
      case DistributionSummary summary -> {
        HistogramSnapshot taken = summary.takeSnapshot();
        yield histogram(meter, nowNanos, taken.count(), taken.total(), taken);
      }
      case FunctionTimer timer ->
          histogram(meter, nowNanos, (long) timer.count(), timer.totalTime(TimeUnit.SECONDS), null);
      default -> throw new IllegalArgumentException("no histogram: " + meter.getId());
    };
  }

  /// @param taken null: it has no buckets
  private HistogramPointData histogram(
      Meter meter, long nowNanos, long count, double sum, @Nullable HistogramSnapshot taken) {
    List<Double> boundaries = new ArrayList<>();
    List<Long> counts = new ArrayList<>();
    long below = 0;
    for (CountAtBucket bucket : taken == null ? new CountAtBucket[0] : taken.histogramCounts()) {
      double boundary = meter instanceof Timer ? bucket.bucket(TimeUnit.SECONDS) : bucket.bucket();
      if (Double.isInfinite(boundary)) {
        continue;
      }
      // The registry's buckets hold all below them, OTLP's those between two boundaries. They are
      // read one after another while others record.
      long upTo = Math.max(below, (long) bucket.count());
      boundaries.add(boundary);
      counts.add(upTo - below);
      below = upTo;
    }
    counts.add(Math.max(0, count - below));
    return HistogramPointData.create(
        startNanos, nowNanos, attributes(meter), sum, false, 0, false, 0, boundaries, counts);
  }

  private static Attributes attributes(Meter meter) {
    AttributesBuilder attributes = Attributes.builder();
    for (Tag tag : meter.getId().getTagsAsIterable()) {
      attributes.put(tag.getKey(), tag.getValue());
    }
    return attributes.build();
  }
}
