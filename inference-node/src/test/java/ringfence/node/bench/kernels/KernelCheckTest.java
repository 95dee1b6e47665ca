package ringfence.node.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Every matrix kernel that the device can run, with every format.
@ExtendWith(VulkanExtension.class)
class KernelCheckTest {

  @ParameterizedTest
  @EnumSource
  void everyKernelIsRightWithinItsBound(WeightFormat format, Pipelines pipelines) {
    List<String> wrong = new ArrayList<>();
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST)) {
      KernelCheck check = new KernelCheck(pipelines.gpu(), matrices);
      for (KernelCase test : KernelCases.of(format, matrices, false)) {
        double worst = check.worst(test);
        if (!(worst <= 1)) {
          wrong.add(test + ": " + worst + " of " + test.bound());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }
}
