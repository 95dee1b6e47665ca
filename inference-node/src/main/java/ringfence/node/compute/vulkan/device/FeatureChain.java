package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.EXTMemoryBudget;
import org.lwjgl.vulkan.KHRCooperativeMatrix;
import org.lwjgl.vulkan.KHRPipelineExecutableProperties;
import org.lwjgl.vulkan.KHRShaderBfloat16;
import org.lwjgl.vulkan.KHRWorkgroupMemoryExplicitLayout;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderBfloat16FeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Features;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan13Features;
import org.lwjgl.vulkan.VkPhysicalDeviceWorkgroupMemoryExplicitLayoutFeaturesKHR;

/// Vulkan's chain of feature structures: filled in by a device to learn what it has, by us to
/// switch things on. Robust buffer access is never among them: it costs time on each access, and
/// kernels hold their own bounds.
final class FeatureChain {
  private static final String PORTABILITY = "VK_KHR_portability_subset";

  private final Set<String> extensions;
  private final VkPhysicalDeviceFeatures2 all;
  private final VkPhysicalDeviceVulkan11Features in11;
  private final VkPhysicalDeviceVulkan12Features in12;
  private final VkPhysicalDeviceVulkan13Features in13;
  private final VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices;
  private final VkPhysicalDeviceShaderBfloat16FeaturesKHR bfloat;
  private final VkPhysicalDeviceWorkgroupMemoryExplicitLayoutFeaturesKHR shared;
  private final VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables;

  FeatureChain(MemoryStack stack, Set<String> extensions) {
    this.extensions = extensions;
    all = VkPhysicalDeviceFeatures2.calloc(stack).sType$Default();
    in11 = VkPhysicalDeviceVulkan11Features.calloc(stack).sType$Default();
    in12 = VkPhysicalDeviceVulkan12Features.calloc(stack).sType$Default();
    in13 = VkPhysicalDeviceVulkan13Features.calloc(stack).sType$Default();
    matrices = VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack).sType$Default();
    bfloat = VkPhysicalDeviceShaderBfloat16FeaturesKHR.calloc(stack).sType$Default();
    shared = VkPhysicalDeviceWorkgroupMemoryExplicitLayoutFeaturesKHR.calloc(stack).sType$Default();
    executables =
        VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR.calloc(stack).sType$Default();
    all.pNext(in11).pNext(in12).pNext(in13);
    if (hasMatrices()) {
      all.pNext(matrices);
    }
    if (hasBfloat()) {
      all.pNext(bfloat);
    }
    if (hasShared()) {
      all.pNext(shared);
    }
    if (hasExecutables()) {
      all.pNext(executables);
    }
  }

  private boolean hasMatrices() {
    return extensions.contains(KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME);
  }

  private boolean hasBfloat() {
    return extensions.contains(KHRShaderBfloat16.VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME);
  }

  private boolean hasShared() {
    return extensions.contains(
        KHRWorkgroupMemoryExplicitLayout.VK_KHR_WORKGROUP_MEMORY_EXPLICIT_LAYOUT_EXTENSION_NAME);
  }

  private boolean hasExecutables() {
    return PipelineStatistics.WANTED
        && extensions.contains(
            KHRPipelineExecutableProperties.VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME);
  }

  /// Asks the device.
  void ask(VkPhysicalDevice device) {
    vkGetPhysicalDeviceFeatures2(device, all);
  }

  /// Something without which we don't use a device; each is mandatory in Vulkan 1.3, so that only a
  /// broken driver lacks it.
  Optional<String> missing() {
    if (!in12.bufferDeviceAddress()) {
      return Optional.of("buffer device addresses");
    }
    if (!in12.timelineSemaphore()) {
      return Optional.of("timeline semaphores");
    }
    if (!in12.vulkanMemoryModel() || !in12.vulkanMemoryModelDeviceScope()) {
      return Optional.of("the Vulkan memory model at device scope");
    }
    if (!in13.synchronization2()) {
      return Optional.of("synchronization2");
    }
    if (!in13.maintenance4()) {
      return Optional.of("maintenance4");
    }
    return Optional.empty();
  }

  /// What the device answered; subgroup operations and speeds are properties, not features.
  Set<Feature> found() {
    Set<Feature> found = EnumSet.noneOf(Feature.class);
    add(found, Feature.FLOAT16, in12.shaderFloat16());
    add(found, Feature.INT8, in12.shaderInt8());
    add(found, Feature.INT16, all.features().shaderInt16());
    add(found, Feature.INT64, all.features().shaderInt64());
    add(found, Feature.STORAGE_16, in11.storageBuffer16BitAccess());
    add(found, Feature.STORAGE_8, in12.storageBuffer8BitAccess());
    add(found, Feature.INTEGER_DOT, in13.shaderIntegerDotProduct());
    add(found, Feature.SCALAR_LAYOUT, in12.scalarBlockLayout());
    add(found, Feature.SUBGROUP_SIZE, in13.subgroupSizeControl() && in13.computeFullSubgroups());
    add(found, Feature.SUBGROUP_TYPES, in12.shaderSubgroupExtendedTypes());
    add(found, Feature.COOPERATIVE_MATRIX, hasMatrices() && matrices.cooperativeMatrix());
    add(found, Feature.BFLOAT16, hasBfloat() && bfloat.shaderBFloat16Type());
    add(
        found,
        Feature.SHARED_LAYOUT,
        hasShared()
            && shared.workgroupMemoryExplicitLayout()
            && shared.workgroupMemoryExplicitLayout16BitAccess()
            && shared.workgroupMemoryExplicitLayout8BitAccess());
    add(
        found,
        Feature.MEMORY_BUDGET,
        extensions.contains(EXTMemoryBudget.VK_EXT_MEMORY_BUDGET_EXTENSION_NAME));
    return found;
  }

  private static void add(Set<Feature> found, Feature feature, boolean there) {
    if (there) {
      found.add(feature);
    }
  }

  /// Fills in what to switch on, and returns the structure to create the device with. Integer dot
  /// products are switched on even where they are slow.
  VkPhysicalDeviceFeatures2 request(Set<Feature> wanted, boolean bfloatMatrices) {
    in12.bufferDeviceAddress(true)
        .timelineSemaphore(true)
        .vulkanMemoryModel(true)
        .vulkanMemoryModelDeviceScope(true)
        .shaderFloat16(wanted.contains(Feature.FLOAT16))
        .shaderInt8(wanted.contains(Feature.INT8))
        .storageBuffer8BitAccess(wanted.contains(Feature.STORAGE_8))
        .scalarBlockLayout(wanted.contains(Feature.SCALAR_LAYOUT))
        .shaderSubgroupExtendedTypes(wanted.contains(Feature.SUBGROUP_TYPES));
    in13.synchronization2(true)
        .maintenance4(true)
        .shaderIntegerDotProduct(true)
        .subgroupSizeControl(wanted.contains(Feature.SUBGROUP_SIZE))
        .computeFullSubgroups(wanted.contains(Feature.SUBGROUP_SIZE));
    in11.storageBuffer16BitAccess(wanted.contains(Feature.STORAGE_16));
    all.features()
        .shaderInt16(wanted.contains(Feature.INT16))
        .shaderInt64(wanted.contains(Feature.INT64));
    executables.pipelineExecutableInfo(hasExecutables());
    matrices.cooperativeMatrix(wanted.contains(Feature.COOPERATIVE_MATRIX));
    bfloat
        .shaderBFloat16Type(wanted.contains(Feature.BFLOAT16))
        .shaderBFloat16CooperativeMatrix(bfloatMatrices);
    shared
        .workgroupMemoryExplicitLayout(wanted.contains(Feature.SHARED_LAYOUT))
        .workgroupMemoryExplicitLayout16BitAccess(wanted.contains(Feature.SHARED_LAYOUT))
        .workgroupMemoryExplicitLayout8BitAccess(wanted.contains(Feature.SHARED_LAYOUT));
    return all;
  }

  boolean hasBfloatMatrices() {
    return hasBfloat() && bfloat.shaderBFloat16CooperativeMatrix();
  }

  /// The extensions to switch on beside them.
  List<String> extensions() {
    List<String> wanted = new ArrayList<>();
    if (hasMatrices()) {
      wanted.add(KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME);
    }
    if (hasBfloat()) {
      wanted.add(KHRShaderBfloat16.VK_KHR_SHADER_BFLOAT16_EXTENSION_NAME);
    }
    if (hasShared()) {
      wanted.add(
          KHRWorkgroupMemoryExplicitLayout.VK_KHR_WORKGROUP_MEMORY_EXPLICIT_LAYOUT_EXTENSION_NAME);
    }
    if (extensions.contains(EXTMemoryBudget.VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)) {
      wanted.add(EXTMemoryBudget.VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    }
    if (hasExecutables()) {
      wanted.add(
          KHRPipelineExecutableProperties.VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME);
    }
    // A device that has it demands that it be named.
    if (extensions.contains(PORTABILITY)) {
      wanted.add(PORTABILITY);
    }
    return wanted;
  }
}
