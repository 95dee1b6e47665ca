package ringfence.node.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/// The clock of an NVIDIA GPU's multiprocessors while something runs, as `nvidia-smi` tells it.
public final class GpuClock implements AutoCloseable {
  /// A GPU at rest clocks down and climbs slowly: figures from below this say nothing about it.
  private static final int FULL_SPEED = 1900;

  private static final int INTERVAL_MILLIS = 50;
  private static final long ANSWER_SECONDS = 10;
  private static final int MOST_SAMPLES = 1 << 16;

  private record Sample(long nanos, int megahertz) {}

  private final Process process;
  private final String device;
  private final List<Sample> samples = new ArrayList<>();

  /// Starts to watch the machine's first GPU; empty where there is no `nvidia-smi`.
  public static Optional<GpuClock> start() {
    Optional<String> device = ask();
    if (device.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new GpuClock(
              device.get(),
              smi(
                      "--query-gpu=clocks.sm",
                      "--format=csv,noheader,nounits",
                      "-lms",
                      String.valueOf(INTERVAL_MILLIS))
                  .start()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static ProcessBuilder smi(String... arguments) {
    List<String> command = new ArrayList<>(List.of("nvidia-smi", "-i", "0"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  private static Optional<String> ask() {
    try {
      Process process = smi("--query-gpu=name,driver_version", "--format=csv,noheader").start();
      if (!process.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroy();
        return Optional.empty();
      }
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        return Optional.ofNullable(out.readLine()).map(line -> line.replace(",", ", driver"));
      }
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private GpuClock(String device, Process process) {
    this.device = device;
    this.process = process;
    Thread.ofPlatform().daemon(true).name("gpu-clock").start(this::read);
  }

  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        add(line);
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  private void add(String line) {
    try {
      int megahertz = Integer.parseInt(line.strip());
      synchronized (samples) {
        if (samples.size() == MOST_SAMPLES) {
          samples.subList(0, MOST_SAMPLES / 2).clear();
        }
        samples.add(new Sample(System.nanoTime(), megahertz));
      }
    } catch (NumberFormatException e) {
      // `[N/A]`: this GPU does not tell.
    }
  }

  /// Name and driver.
  public String device() {
    return device;
  }

  /// The lowest clock since then, that of the last sample before included.
  ///
  /// @param sinceNanos on `System.nanoTime`'s clock
  OptionalInt lowest(long sinceNanos) {
    synchronized (samples) {
      int first = samples.size();
      while (first > 0 && samples.get(first - 1).nanos() >= sinceNanos) {
        first--;
      }
      return samples.subList(Math.max(0, first - 1), samples.size()).stream()
          .mapToInt(Sample::megahertz)
          .min();
    }
  }

  /// True when figures taken at this clock are not to be used.
  boolean isTooLow(int megahertz) {
    return (device.contains("H100") || device.contains("H200")) && megahertz < FULL_SPEED;
  }

  @Override
  public void close() {
    process.destroy();
  }
}
