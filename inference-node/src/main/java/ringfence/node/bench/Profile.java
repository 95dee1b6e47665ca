package ringfence.node.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ringfence.node.compute.Profiler.Phase;

/// The phases of one pass of each measurement, as a table and as a trace for Chrome's viewer.
public final class Profile {
  private final Map<String, List<Phase>> passes = new LinkedHashMap<>();
  private final double bandwidth;

  /// @param bandwidth of the device's memory in GB/s, the roofline; 0 when it is not known
  public Profile(double bandwidth) {
    this.bandwidth = bandwidth;
  }

  /// What reading memory reaches on a device (see engine's probes), by its name; 0 when unknown.
  public static double bandwidthOf(String device) {
    return device.contains("H200") ? 4550 : device.contains("H100") ? 3100 : 0;
  }

  /// Adds the pass whose time is the median of these.
  public void add(String label, List<List<Phase>> samples) {
    List<List<Phase>> sorted = new ArrayList<>(samples);
    sorted.sort(Comparator.comparingDouble(Profile::length));
    passes.put(label, List.copyOf(sorted.get(sorted.size() / 2)));
  }

  private static double length(List<Phase> pass) {
    return pass.stream().mapToDouble(p -> p.startNanos() + p.nanos()).max().orElse(0);
  }

  private record Line(int times, double nanos, long bytes) {
    static Line of(Phase phase) {
      return new Line(1, phase.nanos(), phase.bytes());
    }

    Line plus(Line other) {
      return new Line(times + other.times, nanos + other.nanos, bytes + other.bytes);
    }
  }

  /// A Markdown table for each pass.
  public String tables() {
    StringBuilder all = new StringBuilder();
    passes.forEach((label, pass) -> {
      Map<String, Line> lines = new LinkedHashMap<>();
      pass.forEach(phase -> lines.merge(phase.name(), Line.of(phase), Line::plus));
      double length = length(pass);
      all.append("%n%s: %.0f us a pass%n%n".formatted(label, length / 1e3));
      all.append("| phase | times | us | share | MB | GB/s |");
      all.append(bandwidth > 0 ? " of %.0f GB/s |%n".formatted(bandwidth) : "\n");
      all.append("| --- |").append(" --- |".repeat(bandwidth > 0 ? 6 : 5)).append('\n');
      Line total = new Line(0, 0, 0);
      for (Map.Entry<String, Line> line : lines.entrySet()) {
        all.append(row(line.getKey(), line.getValue(), length));
        total = total.plus(line.getValue());
      }
      Line whole = new Line(total.times(), length, total.bytes());
      all.append(row("all, with what lies between", whole, length));
    });
    return all.toString();
  }

  private String row(String name, Line line, double length) {
    double speed = line.nanos() == 0 ? 0 : line.bytes() / line.nanos();
    return "| %s | %d | %.1f | %.1f %% | %.2f | %.0f |%s%n"
        .formatted(
            name,
            line.times(),
            line.nanos() / 1e3,
            100 * line.nanos() / length,
            line.bytes() / 1e6,
            speed,
            bandwidth > 0 ? " %.0f %% |".formatted(100 * speed / bandwidth) : "");
  }

  /// Writes all passes as a Chrome trace (Trace Event Format), each as a process of its own.
  public void writeTrace(Path file) throws IOException {
    List<String> events = new ArrayList<>();
    int process = 0;
    for (Map.Entry<String, List<Phase>> pass : passes.entrySet()) {
      process++;
      events.add(
          "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%d,\"args\":{\"name\":\"%s\"}}"
              .formatted(process, escaped(pass.getKey())));
      for (Phase phase : pass.getValue()) {
        events.add(
            String.format(
                Locale.ROOT,
                "{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%d,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"bytes\":%d}}",
                escaped(phase.name()),
                process,
                phase.startNanos() / 1e3,
                phase.nanos() / 1e3,
                phase.bytes()));
      }
    }
    Files.writeString(file, "{\"traceEvents\":[\n" + String.join(",\n", events) + "\n]}\n");
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
