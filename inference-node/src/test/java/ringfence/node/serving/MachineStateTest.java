package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.NodeLoad;

class MachineStateTest {
  @TempDir Path root;

  private NodeLoad told() {
    NodeLoad.Builder load = NodeLoad.newBuilder();
    new MachineState(root).tell(load);
    return load.build();
  }

  private void file(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void tellsMemoryAndTheHottestSensorOfAProcessor() throws IOException {
    file("proc/meminfo", "MemTotal:       24576 kB\nMemFree: 1 kB\nMemAvailable:    2048 kB\n");
    file("sys/class/hwmon/hwmon0/name", "coretemp\n");
    file("sys/class/hwmon/hwmon0/temp1_input", "41000\n");
    file("sys/class/hwmon/hwmon0/temp2_input", "63500\n");
    file("sys/class/hwmon/hwmon1/name", "nvme\n");
    file("sys/class/hwmon/hwmon1/temp1_input", "90000\n");
    NodeLoad load = told();
    assertThat(load.getMemoryTotalBytes()).isEqualTo(24_576L * 1024);
    assertThat(load.getMemoryAvailableBytes()).isEqualTo(2048L * 1024);
    assertThat(load.getTemperatureCelsius()).isEqualTo(63.5f);
  }

  @Test
  void saysNothingOfWhatIsNotThereOrUnreadable() throws IOException {
    assertThat(told()).isEqualTo(NodeLoad.getDefaultInstance());
    file("proc/meminfo", "MemTotal: many\n");
    file("sys/class/hwmon/hwmon0/name", "k10temp\n");
    file("sys/class/hwmon/hwmon0/temp1_input", "asleep\n");
    assertThat(told()).isEqualTo(NodeLoad.getDefaultInstance());
  }
}
