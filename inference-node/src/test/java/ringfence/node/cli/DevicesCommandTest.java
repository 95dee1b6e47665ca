package ringfence.node.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import picocli.CommandLine;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;

@ExtendWith(VulkanExtension.class)
class DevicesCommandTest {

  @Test
  void theDeviceIsListedWithItsFeaturesAndWhatBecomesOfIt(Gpu gpu) {
    StringWriter text = new StringWriter();
    CommandLine command = new CommandLine(new Main()).setOut(new PrintWriter(text));
    assertThat(command.execute("devices")).isZero();
    assertThat(text.toString())
        .contains(gpu.traits().index() + "  " + gpu.traits().name())
        .contains(gpu.traits().driver())
        .contains("16-bit storage")
        .doesNotContain("computes wrongly");
    if (gpu.traits().isSoftware()) {
      assertThat(text.toString()).contains("usable when named; it is the processor");
    }
  }
}
