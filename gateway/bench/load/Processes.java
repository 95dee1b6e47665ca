import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// The processes that are measured beside the driver, by name: what they take of processors and memory.
record Processes(Map<String, Long> pids) {
  /// From `NAME=PID,...`, or `-` for none.
  static Processes of(String text) {
    Map<String, Long> pids = new LinkedHashMap<>();
    if (!text.equals("-")) {
      for (String part : text.split(",")) {
        String[] pair = part.split("=");
        pids.put(pair[0], Long.parseLong(pair[1]));
      }
    }
    return new Processes(pids);
  }

  /// Of a core, since each began; the driver's first.
  Map<String, Double> seconds() {
    Map<String, Double> seconds = new LinkedHashMap<>();
    OperatingSystemMXBean own = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    seconds.put("driver", own.getProcessCpuTime() / 1e9);
    pids.forEach((name, pid) ->
        ProcessHandle.of(pid)
            .flatMap(p -> p.info().totalCpuDuration())
            .ifPresent(d -> seconds.put(name, d.toNanos() / 1e9)));
    return seconds;
  }

  /// Cores taken in the seconds since `before`.
  String cores(Map<String, Double> before, double elapsed) {
    StringBuilder cores = new StringBuilder();
    seconds().forEach((name, now) -> {
      double taken = (now - before.getOrDefault(name, now)) / elapsed;
      cores.append(cores.isEmpty() ? "" : ", ").append(name).append(' ').append(number(taken));
    });
    return cores.toString();
  }

  /// What the compilers of these processes have taken, in seconds of a core; 0 where there is no /proc.
  double compilerSeconds() throws IOException {
    long nanos = 0;
    for (long pid : pids.values()) {
      Path threads = Path.of("/proc/" + pid + "/task");
      if (!Files.isDirectory(threads)) {
        continue;
      }
      try (var each = Files.newDirectoryStream(threads)) {
        for (Path thread : each) {
          try {
            if (Files.readString(thread.resolve("comm")).matches("(?s)C[12] Comp.*")) {
              nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
            }
          } catch (IOException ended) {
            // So did its compiling.
          }
        }
      }
    }
    return nanos / 1e9;
  }

  String memoryHeads() {
    return String.join(" | ", pids.keySet().stream().map(n -> n + ", resident | " + n + ", live heap").toList());
  }

  /// The heap after a full collection, which holds the process up for a moment.
  String memory() throws Exception {
    StringBuilder row = new StringBuilder();
    for (long pid : pids.values()) {
      long resident = status(pid, "VmRSS:") >> 10;
      row.append(" ").append(resident).append(" MiB | ").append(liveHeap(pid)).append(" MiB |");
    }
    return row.toString();
  }

  /// MiB of objects that a full collection leaves.
  private static String liveHeap(long pid) throws Exception {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    String text = output(jcmd.toString(), Long.toString(pid), "GC.class_histogram");
    for (String line : text.lines().toList()) {
      if (line.startsWith("Total")) {
        String[] parts = line.strip().split("\\s+");
        return number(Long.parseLong(parts[2]) / 1048576.0);
      }
    }
    return "?";
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return text;
  }

  private static long status(long pid, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  static String number(double value) {
    return String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.2f" : "%.0f", value);
  }
}
