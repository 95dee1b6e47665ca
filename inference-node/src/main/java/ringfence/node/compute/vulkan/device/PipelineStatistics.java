package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.KHRPipelineExecutableProperties.*;
import static org.lwjgl.vulkan.VK13.VK_SUCCESS;

import java.nio.IntBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkPipelineExecutableInfoKHR;
import org.lwjgl.vulkan.VkPipelineExecutableStatisticKHR;
import org.lwjgl.vulkan.VkPipelineInfoKHR;

/// What the driver says of a kernel that it compiled: registers, spilled bytes, size. For who tunes
/// kernels: logged when the system property `ringfence.gpu.statistics` is set.
final class PipelineStatistics {
  static final boolean WANTED = Boolean.getBoolean("ringfence.gpu.statistics");
  static final int FLAGS = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;

  private static final System.Logger LOG = System.getLogger(PipelineStatistics.class.getName());

  private PipelineStatistics() {}

  static void log(VkDevice device, long pipeline, String name) {
    if (device.getCapabilities().vkGetPipelineExecutableStatisticsKHR == 0) {
      return;
    }
    try (MemoryStack stack = MemoryStack.stackPush()) {
      IntBuffer count = stack.mallocInt(1);
      var info = VkPipelineExecutableInfoKHR.calloc(stack).sType$Default().pipeline(pipeline);
      if (vkGetPipelineExecutablePropertiesKHR(
                  device,
                  VkPipelineInfoKHR.calloc(stack).sType$Default().pipeline(pipeline),
                  count,
                  null)
              != VK_SUCCESS
          || count.get(0) == 0
          || vkGetPipelineExecutableStatisticsKHR(device, info, count, null) != VK_SUCCESS) {
        return;
      }
      var all = VkPipelineExecutableStatisticKHR.calloc(count.get(0), stack);
      all.forEach(VkPipelineExecutableStatisticKHR::sType$Default);
      vkGetPipelineExecutableStatisticsKHR(device, info, count, all);
      StringBuilder line = new StringBuilder(name);
      for (var each : all) {
        line.append(", ").append(each.nameString()).append(' ').append(each.value().u64());
      }
      LOG.log(System.Logger.Level.INFO, line.toString());
    }
  }
}
