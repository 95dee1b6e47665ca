package ringfence.node.compute.vulkan;

import java.util.List;
import java.util.stream.Stream;
import ringfence.node.compute.vulkan.kernel.FragmentOrder;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.kernel.SelfTest;
import ringfence.node.compute.vulkan.matrix.MatrixKernels;
import ringfence.node.compute.vulkan.pass.PassKernels;
import ringfence.node.compute.vulkan.sampling.SamplingKernel;
import ringfence.node.compute.vulkan.weights.RepackKernel;

/// Every kernel there is. The build compiles these modules and no others, and a test holds that
/// each of them works; a room with kernels of its own adds its line.
public final class Kernels {

  private Kernels() {}

  /// All variants: of those that differ in sizes alone, at least one.
  public static List<KernelVariant> all() {
    return Stream.of(
            SelfTest.variants(),
            FragmentOrder.variants(),
            RepackKernel.variants(),
            PhaseLinks.variants(),
            MatrixKernels.variants(),
            PassKernels.variants(),
            SamplingKernel.variants())
        .flatMap(List::stream)
        .toList();
  }

  /// The modules of all variants.
  public static List<KernelModule> modules() {
    return all().stream().map(KernelVariant::module).distinct().toList();
  }
}
