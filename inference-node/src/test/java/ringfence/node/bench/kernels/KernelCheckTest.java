package ringfence.node.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Every matrix kernel with every format on the device that this machine has, under the validation
/// layer.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelCheckTest {
  private final ConcurrentLinkedQueue<String> messages = new ConcurrentLinkedQueue<>();
  private GpuInstance instance;
  private Gpu gpu;
  private Matrices matrices;

  @BeforeAll
  void open() {
    instance = GpuInstance.openValidated(messages::add);
    gpu =
        instance.candidates().stream()
            .filter(candidate -> candidate.unusable().isEmpty())
            .findFirst()
            .orElseThrow()
            .open();
    matrices = new Matrices(new Pipelines(gpu), Arithmetic.FAST);
  }

  @AfterAll
  void close() {
    matrices.close();
    gpu.close();
    instance.close();
    assertThat(messages).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void everyKernelIsRightWithinItsBound(WeightFormat format) {
    KernelCheck check = new KernelCheck(gpu, matrices);
    List<String> wrong = new ArrayList<>();
    for (KernelCase test : KernelCases.of(format, matrices, false)) {
      double worst = check.worst(test);
      if (!(worst <= 1)) {
        wrong.add(test + ": " + worst + " of " + test.bound());
      }
    }
    assertThat(wrong).isEmpty();
  }
}
