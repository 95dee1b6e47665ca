package ringfence.node.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.Pipeline;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// The manifest: what is listed is compiled and works, and nothing else lies about.
@ExtendWith(VulkanExtension.class)
class KernelsTest {
  private static final int SPIRV_MAGIC = 0x07230203;
  private static final int SPIRV_1_6 = 0x00010600;

  @Test
  void everyVariantThatTheDeviceCanRunBecomesAPipeline(Gpu gpu, Pipelines pipelines) {
    List<String> built = new ArrayList<>();
    List<String> left = new ArrayList<>();
    for (KernelVariant variant : Kernels.all()) {
      if (variant.missing(gpu.traits()).isEmpty()) {
        Pipeline pipeline = pipelines.get(variant);
        assertThat(pipelines.get(variant)).isSameAs(pipeline);
        built.add(variant.name());
      } else {
        left.add(variant.name());
      }
    }
    assertThat(built.size() + left.size()).isEqualTo(Kernels.all().size()).isPositive();
  }

  @Test
  void everyModuleIsCompiledForVulkan13() throws IOException {
    for (KernelModule module : Kernels.modules()) {
      ByteBuffer words = ByteBuffer.wrap(bytes(module)).order(ByteOrder.nativeOrder());
      assertThat(words.remaining() % 4).as(module.file()).isZero();
      assertThat(words.getInt(0)).as(module.file()).isEqualTo(SPIRV_MAGIC);
      assertThat(words.getInt(4)).as(module.file()).isEqualTo(SPIRV_1_6);
    }
  }

  private static byte[] bytes(KernelModule module) throws IOException {
    try (InputStream in = Kernels.class.getResourceAsStream("/ringfence/vulkan/" + module.file())) {
      assertThat(in).as(module.file()).isNotNull();
      return in.readAllBytes();
    }
  }

  @Test
  void noVariantIsListedTwice() {
    assertThat(Kernels.all()).doesNotHaveDuplicates();
  }

  @Test
  void noCompiledModuleIsLeftOver() throws Exception {
    URL folder = Kernels.class.getResource("/ringfence/vulkan");
    assertThat(folder).isNotNull();
    try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
      assertThat(files.map(f -> f.getFileName().toString()).collect(Collectors.toSet()))
          .isEqualTo(
              Kernels.modules().stream().map(KernelModule::file).collect(Collectors.toSet()));
    }
  }
}
