package ringfence.node.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
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

  /// One length of rows for each format, a short one and a long one in turn: a software device
  /// compiles each kernel for half a second.
  @ParameterizedTest
  @EnumSource
  void everyKernelIsRightWithinItsBound(WeightFormat format, Pipelines pipelines) {
    int columns = format.ordinal() % 2 == 0 ? 13 : 300;
    check(pipelines, matrices -> KernelCases.few(format, matrices, columns));
  }

  @Tag("large")
  @ParameterizedTest
  @EnumSource
  void everyKernelIsRightAtBothLengths(WeightFormat format, Pipelines pipelines) {
    check(pipelines, matrices -> KernelCases.of(format, matrices, false));
  }

  private static void check(Pipelines pipelines, Function<Matrices, List<KernelCase>> cases) {
    List<String> wrong = new ArrayList<>();
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST)) {
      KernelCheck check = new KernelCheck(pipelines.gpu(), matrices);
      for (KernelCase test : cases.apply(matrices)) {
        double worst = check.worst(test);
        if (!(worst <= 1)) {
          wrong.add(test + ": " + worst + " of " + test.bound());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }
}
