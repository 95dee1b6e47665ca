package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.util.ArrayList;
import java.util.List;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryBudgetPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties;
import org.lwjgl.vulkan.VkPhysicalDeviceMemoryProperties2;

/// Which of a device's kinds of memory serves which use.
final class MemoryTypes {
  private static final int DEVICE = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  private static final int HOST =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  private static final int CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

  private final VkPhysicalDevice device;
  private final GpuTraits traits;
  private final int[] properties;

  MemoryTypes(VkPhysicalDevice device, GpuTraits traits) {
    this.device = device;
    this.traits = traits;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var all = VkPhysicalDeviceMemoryProperties.malloc(stack);
      vkGetPhysicalDeviceMemoryProperties(device, all);
      properties = new int[all.memoryTypeCount()];
      for (int i = 0; i < properties.length; i++) {
        properties[i] = all.memoryTypes(i).propertyFlags();
      }
    }
  }

  /// The types to try, best first.
  ///
  /// @param allowed bit i: type i may be used
  List<Integer> candidates(int allowed, MemoryUse use) {
    List<Integer> found = new ArrayList<>();
    switch (use) {
      case DEVICE -> {
        // Memory that the host sees too is scarce on many devices.
        add(found, allowed, DEVICE, HOST);
        add(found, allowed, DEVICE, 0);
        add(found, allowed, 0, 0);
      }
      case UPLOAD -> {
        add(found, allowed, HOST, DEVICE | CACHED);
        add(found, allowed, HOST, DEVICE);
        add(found, allowed, HOST, 0);
      }
      case READBACK -> {
        add(found, allowed, HOST | CACHED, DEVICE);
        add(found, allowed, HOST | CACHED, 0);
        add(found, allowed, HOST, 0);
      }
      case SHARED -> {
        add(found, allowed, HOST | DEVICE, 0);
        add(found, allowed, HOST, 0);
      }
    }
    return found;
  }

  private void add(List<Integer> found, int allowed, int wanted, int unwanted) {
    for (int i = 0; i < properties.length; i++) {
      if ((allowed >> i & 1) != 0
          && (properties[i] & wanted) == wanted
          && (properties[i] & unwanted) == 0
          && !found.contains(i)) {
        found.add(i);
      }
    }
  }

  long free() {
    if (!traits.has(Feature.MEMORY_BUDGET)) {
      return traits.limits().memoryBytes();
    }
    try (MemoryStack stack = MemoryStack.stackPush()) {
      var budget = VkPhysicalDeviceMemoryBudgetPropertiesEXT.calloc(stack).sType$Default();
      var all = VkPhysicalDeviceMemoryProperties2.calloc(stack).sType$Default().pNext(budget);
      vkGetPhysicalDeviceMemoryProperties2(device, all);
      long most = 0;
      var memory = all.memoryProperties();
      for (int i = 0; i < memory.memoryHeapCount(); i++) {
        if ((memory.memoryHeaps(i).flags() & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0) {
          most = Math.max(most, budget.heapBudget(i) - budget.heapUsage(i));
        }
      }
      return most;
    }
  }
}
