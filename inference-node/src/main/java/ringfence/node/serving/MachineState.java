package ringfence.node.serving;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import ringfence.proto.v1.NodeLoad;

/// Memory and temperature of the machine, where Linux tells them: `/proc/meminfo`, and the sensors
/// of processors and GPUs under `/sys/class/hwmon`. What can't be read is not told.
final class MachineState {
  /// Drivers of processors' and GPUs' own sensors.
  private static final Set<String> SENSORS =
      Set.of("coretemp", "k10temp", "zenpower", "cpu_thermal", "amdgpu", "nvidia", "xe", "i915");

  private static final int MOST_SENSORS = 256;

  private final Path memory;
  private final List<Path> inputs;

  /// @param root where `proc` and `sys` are
  MachineState(Path root) {
    memory = root.resolve("proc/meminfo");
    inputs = inputs(root.resolve("sys/class/hwmon"));
  }

  private static List<Path> inputs(Path folder) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(folder)) {
      for (Path device : devices) {
        if (SENSORS.contains(Files.readString(device.resolve("name")).strip())) {
          try (DirectoryStream<Path> sensors =
              Files.newDirectoryStream(device, "temp[0-9]*_input")) {
            sensors.forEach(found::add);
          }
        }
      }
    } catch (IOException none) {
      // No such folder, or nothing in it that we may read.
    }
    return List.copyOf(found.subList(0, Math.min(found.size(), MOST_SENSORS)));
  }

  /// Puts what is known now into a report.
  void tell(NodeLoad.Builder load) {
    try {
      for (String line : Files.readAllLines(memory)) {
        if (line.startsWith("MemTotal:")) {
          load.setMemoryTotalBytes(bytes(line));
        } else if (line.startsWith("MemAvailable:")) {
          load.setMemoryAvailableBytes(bytes(line));
        }
      }
    } catch (IOException | NumberFormatException none) {
      // No such file on this system.
    }
    double hottest = Double.NEGATIVE_INFINITY;
    for (Path input : inputs) {
      try {
        hottest = Math.max(hottest, Long.parseLong(Files.readString(input).strip()) / 1000.0);
      } catch (IOException | NumberFormatException asleep) {
        // A device that sleeps does not answer.
      }
    }
    if (hottest > Double.NEGATIVE_INFINITY) {
      load.setTemperatureCelsius((float) hottest);
    }
  }

  private static long bytes(String line) {
    return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
  }
}
