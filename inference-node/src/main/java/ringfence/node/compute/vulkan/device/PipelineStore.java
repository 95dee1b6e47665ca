package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.vulkan.VkComputePipelineCreateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkPipelineCacheCreateInfo;
import org.lwjgl.vulkan.VkPipelineShaderStageRequiredSubgroupSizeCreateInfo;
import org.lwjgl.vulkan.VkShaderModuleCreateInfo;
import org.lwjgl.vulkan.VkSpecializationInfo;
import org.lwjgl.vulkan.VkSpecializationMapEntry;

/// Builds pipelines, and keeps what the driver compiled in a file from one run to the next.
final class PipelineStore {
  private final VkDevice device;
  private final long layout;
  private final @Nullable CacheFile file;
  private final long cache;

  PipelineStore(VkDevice device, long layout, GpuTraits traits, @Nullable Path folder) {
    this.device = device;
    this.layout = layout;
    this.file = folder == null ? null : new CacheFile(folder.resolve(traits.cacheKey()));
    byte[] stored = file == null ? new byte[0] : file.read();
    ByteBuffer data = MemoryUtil.memAlloc(Math.max(1, stored.length));
    try (MemoryStack stack = MemoryStack.stackPush()) {
      LongBuffer made = stack.mallocLong(1);
      var info = VkPipelineCacheCreateInfo.calloc(stack).sType$Default();
      if (stored.length > 0) {
        info.pInitialData(data.put(stored).flip());
      }
      Results.check(vkCreatePipelineCache(device, info, null, made), "making a pipeline cache");
      cache = made.get(0);
    } finally {
      MemoryUtil.memFree(data);
    }
  }

  Pipeline create(Gpu gpu, ByteBuffer spirv, int[] constants, int subgroupSize, String name) {
    // Copied, because Vulkan reads words and wants them aligned.
    ByteBuffer code = MemoryUtil.memAlignedAlloc(4, spirv.remaining());
    long module = VK_NULL_HANDLE;
    try (MemoryStack stack = MemoryStack.stackPush()) {
      code.put(spirv.duplicate()).flip();
      LongBuffer made = stack.mallocLong(1);
      Results.check(
          vkCreateShaderModule(
              device,
              VkShaderModuleCreateInfo.calloc(stack).sType$Default().pCode(code),
              null,
              made),
          "loading the kernel " + name);
      module = made.get(0);
      var info = VkComputePipelineCreateInfo.calloc(1, stack).sType$Default();
      info.get(0).layout(layout);
      if (PipelineStatistics.WANTED) {
        info.get(0).flags(PipelineStatistics.FLAGS);
      }
      var stage =
          info.get(0)
              .stage()
              .sType$Default()
              .stage(VK_SHADER_STAGE_COMPUTE_BIT)
              .module(module)
              .pName(stack.UTF8("main"));
      if (constants.length > 0) {
        stage.pSpecializationInfo(specialise(stack, constants));
      }
      if (subgroupSize > 0) {
        stage
            .flags(VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT)
            .pNext(
                VkPipelineShaderStageRequiredSubgroupSizeCreateInfo.calloc(stack)
                    .sType$Default()
                    .requiredSubgroupSize(subgroupSize));
      }
      Results.check(
          vkCreateComputePipelines(device, cache, info, null, made), "building the kernel " + name);
      if (PipelineStatistics.WANTED) {
        PipelineStatistics.log(device, made.get(0), name);
      }
      return new Pipeline(gpu, made.get(0), name);
    } finally {
      if (module != VK_NULL_HANDLE) {
        vkDestroyShaderModule(device, module, null);
      }
      MemoryUtil.memAlignedFree(code);
    }
  }

  private static VkSpecializationInfo specialise(MemoryStack stack, int[] constants) {
    var entries = VkSpecializationMapEntry.calloc(constants.length, stack);
    ByteBuffer data = stack.malloc(4, constants.length * Integer.BYTES);
    for (int i = 0; i < constants.length; i++) {
      entries.get(i).constantID(i).offset(i * Integer.BYTES).size(Integer.BYTES);
      data.putInt(i * Integer.BYTES, constants[i]);
    }
    return VkSpecializationInfo.calloc(stack).pMapEntries(entries).pData(data);
  }

  /// @param save false when the driver is not to be asked any more
  void close(boolean save) {
    if (save && file != null) {
      file.write(data());
    }
    vkDestroyPipelineCache(device, cache, null);
  }

  private byte[] data() {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      PointerBuffer size = stack.mallocPointer(1);
      if (vkGetPipelineCacheData(device, cache, size, null) != VK_SUCCESS
          || size.get(0) > CacheFile.MOST_BYTES) {
        return new byte[0];
      }
      ByteBuffer buffer = MemoryUtil.memAlloc((int) Math.max(1, size.get(0)));
      try {
        if (vkGetPipelineCacheData(device, cache, size, buffer) != VK_SUCCESS) {
          return new byte[0];
        }
        byte[] bytes = new byte[(int) size.get(0)];
        buffer.get(0, bytes);
        return bytes;
      } finally {
        MemoryUtil.memFree(buffer);
      }
    }
  }
}
