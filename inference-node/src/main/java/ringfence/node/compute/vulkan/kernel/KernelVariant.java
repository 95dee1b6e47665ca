package ringfence.node.compute.vulkan.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.GpuTraits;

/// A module with its specialisation constants: what a pipeline is built of. Each room has an enum
/// or a record of its own with readable names, and makes one of these of it.
///
/// @param constants with ids from 0; floats as their bits
/// @param subgroupSize invocations of a subgroup; 0: as the driver likes
public record KernelVariant(
    KernelModule module, List<Integer> constants, int subgroupSize, KernelNeeds needs) {

  public KernelVariant {
    constants = List.copyOf(constants);
  }

  /// Subgroups as the driver likes.
  public static KernelVariant of(KernelModule module, KernelNeeds needs, Integer... constants) {
    return new KernelVariant(module, List.of(constants), 0, needs);
  }

  /// With one more constant, behind the others.
  public KernelVariant plusConstant(int value) {
    List<Integer> all = new ArrayList<>(constants);
    all.add(value);
    return new KernelVariant(module, all, subgroupSize, needs);
  }

  /// With subgroups of exactly that many invocations.
  public KernelVariant subgroups(int size) {
    return new KernelVariant(module, constants, size, needs);
  }

  /// The same for phases that are linked instead of parted by barriers, see [PhaseChain].
  public KernelVariant linked() {
    Map<String, String> macros = new TreeMap<>(module.macros());
    macros.put("LINKED", "");
    return new KernelVariant(
        KernelModule.of(module.source(), macros),
        constants,
        subgroupSize,
        needs.plus(Feature.INT64));
  }

  /// Why a device can't run it, for people; empty when it can.
  public Optional<String> missing(GpuTraits traits) {
    Optional<String> missing = needs.missing(traits);
    return missing.isPresent() || subgroupSize == 0 || traits.canHaveSubgroupSize(subgroupSize)
        ? missing
        : Optional.of("no subgroups of " + subgroupSize);
  }

  /// For messages.
  public String name() {
    return module.file() + constants + (subgroupSize == 0 ? "" : " subgroups of " + subgroupSize);
  }
}
