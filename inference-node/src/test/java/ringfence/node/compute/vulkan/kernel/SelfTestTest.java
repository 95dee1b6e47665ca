package ringfence.node.compute.vulkan.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.VulkanExtension;

@ExtendWith(VulkanExtension.class)
class SelfTestTest {

  @Test
  void theDeviceComputesRightly(Pipelines pipelines) {
    assertThat(SelfTest.run(pipelines)).isEmpty();
  }

  @Test
  void answersThatWereNeverWrittenAreFound() {
    MemorySegment zeros = MemorySegment.ofArray(new int[5 * 64]);
    assertThat(SelfTest.check(zeros, true)).isPresent();
    assertThat(SelfTest.check(zeros, false)).isPresent();
  }
}
