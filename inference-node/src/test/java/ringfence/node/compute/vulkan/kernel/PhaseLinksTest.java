package ringfence.node.compute.vulkan.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;

@ExtendWith(VulkanExtension.class)
class PhaseLinksTest {
  private static final KernelVariant TEST =
      KernelVariant.of(
              KernelModule.of("link_test.comp", Map.of()),
              KernelNeeds.of(64, Feature.INT64),
              64,
              64)
          .linked();

  @Test
  void aWaitForMoreWorkgroupsThanThereAreIsGivenUpAndTold(Pipelines pipelines) {
    try (PhaseLinks links = PhaseLinks.open(pipelines, 3).orElseThrow();
        GpuBuffer numbers = pipelines.gpu().allocate(64, MemoryUse.DEVICE);
        GpuBuffer wrong = pipelines.gpu().allocate(4, MemoryUse.READBACK)) {
      assertThat(links.failed()).isFalse();
      for (int missing : new int[] {1, 0}) {
        try (Recording recording = pipelines.gpu().record()) {
          PhaseChain chain = links.begin(recording);
          int groups = 4;
          int awaited = 0;
          for (int phase = 0; phase < 2; phase++) {
            recording.dispatch(
                pipelines.get(TEST),
                groups,
                1,
                1,
                new PushConstants()
                    .address(numbers)
                    .address(numbers)
                    .address(wrong)
                    .integer(0)
                    .integer(phase)
                    .address(links.counters())
                    .integer(phase)
                    .integer(awaited));
            awaited = groups + missing;
          }
          links.end(chain);
          pipelines.gpu().submit(recording.end()).await(Duration.ofMinutes(1));
        }
        assertThat(links.failed()).isEqualTo(missing != 0);
      }
    }
  }

  @Test
  void aPhaseWithoutWorkgroupsIsRefused(Pipelines pipelines) {
    try (PhaseLinks links = PhaseLinks.open(pipelines, 3).orElseThrow();
        Recording recording = pipelines.gpu().record()) {
      PhaseChain chain = links.begin(recording);
      assertThatThrownBy(chain::end)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("phase 0 has 0");
    }
  }
}
