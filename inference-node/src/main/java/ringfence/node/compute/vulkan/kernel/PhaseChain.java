package ringfence.node.compute.vulkan.kernel;

import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;

/// How the phases of a recording follow each other: dispatches within a phase run side by side, and
/// each phase sees what the one before wrote.
///
/// Either there is a barrier between two phases, which lets the device run dry and fill up again,
/// or they are linked (`link.glsl`): the next phase's workgroups start as soon as there is room,
/// load their weights, and then wait in the kernel until the last workgroup of the phase before has
/// counted itself. That needs a device that starts workgroups in the order of their dispatches,
/// which Vulkan does not promise: then whoever waits, waits for workgroups that run already, and a
/// wait ends. [PhaseLinks] asks the device, and every wait has a bound.
public final class PhaseChain {
  private final Recording to;
  private final Pipelines pipelines;
  private final @Nullable PhaseLinks links;
  private int phase;
  private int awaited;
  private int groups;

  PhaseChain(Recording to, Pipelines pipelines, @Nullable PhaseLinks links) {
    this.to = to;
    this.pipelines = pipelines;
    this.links = links;
  }

  /// With a barrier after each phase.
  public static PhaseChain ofBarriers(Recording to, Pipelines pipelines) {
    return new PhaseChain(to, pipelines, null);
  }

  /// The recording that the phases are written to.
  public Recording recording() {
    return to;
  }

  /// Adds a dispatch to the phase under way.
  ///
  /// @param variant of a module that ends its push constants with `LINK_ARGUMENTS`
  public void dispatch(KernelVariant variant, int x, int y, int z, PushConstants constants) {
    PhaseLinks linked = links;
    if (linked == null) {
      to.dispatch(pipelines.get(variant), x, y, z, constants);
      return;
    }
    to.dispatch(
        pipelines.get(variant.linked()),
        x,
        y,
        z,
        constants.address(linked.counters()).integer(phase).integer(awaited));
    groups += x * y * z;
  }

  /// Ends a phase.
  public void end() {
    PhaseLinks linked = links;
    if (linked == null) {
      to.barrier();
      return;
    }
    if (groups == 0 || phase + 1 == linked.phases()) {
      throw new IllegalStateException("phase " + phase + " has " + groups + " linked workgroups");
    }
    phase++;
    awaited = groups;
    groups = 0;
  }
}
