package ringfence.node.compute.vulkan.pass;

import java.util.Optional;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.TunedShapes;

/// With which of several right ways a device computes its steps.
///
/// @param tuned kernels taken before the usual ones
/// @param links opens what links the phases of small steps, where the device can, see
///   [ringfence.node.compute.vulkan.kernel.PhaseChain]
record StepChoices(Arithmetic arithmetic, TunedShapes tuned, PhaseLinks.Opener links) {
  static final PhaseLinks.Opener NO_LINKS = (pipelines, phases) -> Optional.empty();

  /// For developers, who want to know what linked phases are worth.
  private static final boolean LINK = !"false".equals(System.getProperty("ringfence.gpu.linked"));

  /// What suits a device.
  static StepChoices of(BackendOptions options, GpuTraits traits) {
    // Software gains nothing from the fast kernels, and takes long to compile them.
    boolean software = traits.isSoftware();
    boolean fast = !options.deterministic() && !software;
    return new StepChoices(
        fast ? Arithmetic.FAST : Arithmetic.DETERMINISTIC,
        fast ? TunedShapes.remembered(traits) : TunedShapes.NONE,
        LINK && !software ? PhaseLinks::open : NO_LINKS);
  }

  StepChoices with(TunedShapes others) {
    return new StepChoices(arithmetic, others, links);
  }
}
