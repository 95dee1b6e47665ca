package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.AMDShaderCoreProperties2;
import org.lwjgl.vulkan.KHRCooperativeMatrix;
import org.lwjgl.vulkan.KHRShaderBfloat16;
import org.lwjgl.vulkan.NVShaderSmBuiltins;
import org.lwjgl.vulkan.VkCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceLimits;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderCoreProperties2AMD;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderSMBuiltinsPropertiesNV;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan11Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan12Properties;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkan13Properties;
import ringfence.node.compute.vulkan.device.CooperativeShape.Element;
import ringfence.node.compute.vulkan.device.GpuTraits.Limits;

/// Asks one physical device what it is.
final class TraitsReader {
  private final VkPhysicalDevice device;
  private final Set<String> extensions;

  TraitsReader(VkPhysicalDevice device) {
    this.device = device;
    this.extensions = extensionsOf(device);
  }

  Set<String> extensions() {
    return extensions;
  }

  /// Name, type and version: all that may be asked of a device older than Vulkan 1.3.
  static String nameOf(VkPhysicalDevice device) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceProperties properties = VkPhysicalDeviceProperties.malloc(stack);
      vkGetPhysicalDeviceProperties(device, properties);
      return properties.deviceNameString();
    }
  }

  static int apiOf(VkPhysicalDevice device) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      VkPhysicalDeviceProperties properties = VkPhysicalDeviceProperties.malloc(stack);
      vkGetPhysicalDeviceProperties(device, properties);
      return properties.apiVersion();
    }
  }

  static String version(int api) {
    return VK_API_VERSION_MAJOR(api)
        + "."
        + VK_API_VERSION_MINOR(api)
        + "."
        + VK_API_VERSION_PATCH(api);
  }

  GpuTraits read(int index) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var all = VkPhysicalDeviceProperties2.calloc(stack).sType$Default();
      var in11 = VkPhysicalDeviceVulkan11Properties.calloc(stack).sType$Default();
      var in12 = VkPhysicalDeviceVulkan12Properties.calloc(stack).sType$Default();
      var in13 = VkPhysicalDeviceVulkan13Properties.calloc(stack).sType$Default();
      var nvidia = VkPhysicalDeviceShaderSMBuiltinsPropertiesNV.calloc(stack).sType$Default();
      var amd = VkPhysicalDeviceShaderCoreProperties2AMD.calloc(stack).sType$Default();
      all.pNext(in11).pNext(in12).pNext(in13);
      boolean tellsNvidia =
          extensions.contains(NVShaderSmBuiltins.VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME);
      boolean tellsAmd =
          extensions.contains(
              AMDShaderCoreProperties2.VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME);
      if (tellsNvidia) {
        all.pNext(nvidia);
      }
      if (tellsAmd) {
        all.pNext(amd);
      }
      vkGetPhysicalDeviceProperties2(device, all);
      VkPhysicalDeviceProperties base = all.properties();
      VkPhysicalDeviceLimits limits = base.limits();
      return new GpuTraits(
          index,
          base.deviceNameString(),
          type(base.deviceType()),
          base.vendorID(),
          in12.driverNameString() + " " + in12.driverInfoString(),
          version(base.apiVersion()),
          cacheKey(base),
          features(stack, in11, in13),
          shapes(stack),
          in11.subgroupSize(),
          in13.minSubgroupSize(),
          in13.maxSubgroupSize(),
          tellsNvidia
              ? OptionalInt.of(nvidia.shaderSMCount())
              : tellsAmd ? OptionalInt.of(amd.activeComputeUnitCount()) : OptionalInt.empty(),
          limits.timestampComputeAndGraphics() ? limits.timestampPeriod() : 0,
          new Limits(
              deviceMemory(stack),
              in11.maxMemoryAllocationSize(),
              unsigned(in13.maxBufferSize()),
              limits.maxComputeSharedMemorySize(),
              limits.maxComputeWorkGroupInvocations(),
              groups(limits, 0),
              groups(limits, 1),
              groups(limits, 2)));
    }
  }

  private static int groups(VkPhysicalDeviceLimits limits, int axis) {
    int count = limits.maxComputeWorkGroupCount(axis);
    return count < 0 ? Integer.MAX_VALUE : count;
  }

  private static long unsigned(long value) {
    return value < 0 ? Long.MAX_VALUE : value;
  }

  private static GpuType type(int type) {
    return switch (type) {
      case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU -> GpuType.DISCRETE;
      case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU -> GpuType.INTEGRATED;
      case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU -> GpuType.VIRTUAL;
      case VK_PHYSICAL_DEVICE_TYPE_CPU -> GpuType.SOFTWARE;
      default -> GpuType.OTHER;
    };
  }

  private static String cacheKey(VkPhysicalDeviceProperties base) {
    ByteBuffer uuid = base.pipelineCacheUUID();
    byte[] bytes = new byte[uuid.remaining()];
    uuid.get(bytes);
    return String.format(
        "%04x-%04x-%08x-%s",
        base.vendorID(), base.deviceID(), base.driverVersion(), HexFormat.of().formatHex(bytes));
  }

  private Set<Feature> features(
      MemoryStack stack,
      VkPhysicalDeviceVulkan11Properties in11,
      VkPhysicalDeviceVulkan13Properties in13) {
    FeatureChain chain = new FeatureChain(stack, extensions);
    chain.ask(device);
    Set<Feature> found = chain.found();
    if (!in13.integerDotProduct4x8BitPackedSignedAccelerated()) {
      found.remove(Feature.INTEGER_DOT);
    }
    if ((in13.requiredSubgroupSizeStages() & VK_SHADER_STAGE_COMPUTE_BIT) == 0) {
      found.remove(Feature.SUBGROUP_SIZE);
    }
    if ((in11.subgroupSupportedStages() & VK_SHADER_STAGE_COMPUTE_BIT) != 0) {
      int operations = in11.subgroupSupportedOperations();
      if ((operations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0) {
        found.add(Feature.SUBGROUP_ARITHMETIC);
      }
      if ((operations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0) {
        found.add(Feature.SUBGROUP_SHUFFLE);
      }
      if ((operations & VK_SUBGROUP_FEATURE_BALLOT_BIT) != 0) {
        found.add(Feature.SUBGROUP_BALLOT);
      }
    }
    return found;
  }

  private List<CooperativeShape> shapes(MemoryStack stack) {
    if (!extensions.contains(KHRCooperativeMatrix.VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)) {
      return List.of();
    }
    IntBuffer count = stack.mallocInt(1);
    Results.check(
        KHRCooperativeMatrix.vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, count, null),
        "asking for matrix shapes");
    List<CooperativeShape> shapes = new ArrayList<>();
    try (var found = VkCooperativeMatrixPropertiesKHR.calloc(count.get(0))) {
      for (VkCooperativeMatrixPropertiesKHR shape : found) {
        shape.sType$Default();
      }
      Results.check(
          KHRCooperativeMatrix.vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(
              device, count, found),
          "asking for matrix shapes");
      for (VkCooperativeMatrixPropertiesKHR shape : found) {
        if (shape.scope() == KHRCooperativeMatrix.VK_SCOPE_SUBGROUP_KHR) {
          shapes.add(
              new CooperativeShape(
                  shape.MSize(),
                  shape.NSize(),
                  shape.KSize(),
                  element(shape.AType()),
                  element(shape.BType()),
                  element(shape.CType()),
                  element(shape.ResultType()),
                  shape.saturatingAccumulation()));
        }
      }
    }
    return shapes;
  }

  private static Element element(int type) {
    return switch (type) {
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT16_KHR -> Element.F16;
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_FLOAT32_KHR -> Element.F32;
      case KHRShaderBfloat16.VK_COMPONENT_TYPE_BFLOAT16_KHR -> Element.BF16;
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_SINT8_KHR -> Element.I8;
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_UINT8_KHR -> Element.U8;
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_SINT32_KHR -> Element.I32;
      case KHRCooperativeMatrix.VK_COMPONENT_TYPE_UINT32_KHR -> Element.U32;
      default -> Element.OTHER;
    };
  }

  private long deviceMemory(MemoryStack stack) {
    var memory = VkPhysicalDeviceMemoryProperties.malloc(stack);
    vkGetPhysicalDeviceMemoryProperties(device, memory);
    long largest = 0;
    for (int i = 0; i < memory.memoryHeapCount(); i++) {
      if ((memory.memoryHeaps(i).flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0) {
        largest = Math.max(largest, memory.memoryHeaps(i).size());
      }
    }
    return largest;
  }

  private static Set<String> extensionsOf(VkPhysicalDevice device) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      IntBuffer count = stack.mallocInt(1);
      Results.check(
          vkEnumerateDeviceExtensionProperties(device, (String) null, count, null),
          "asking for extensions");
      Set<String> names = new TreeSet<>();
      try (var found = VkExtensionProperties.malloc(count.get(0))) {
        Results.check(
            vkEnumerateDeviceExtensionProperties(device, (String) null, count, found),
            "asking for extensions");
        found.forEach(e -> names.add(e.extensionNameString()));
      }
      return names;
    }
  }
}
