package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.KvType;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.model.Model;

@ExtendWith(VulkanExtension.class)
class LayerSplitTest {
  private static final int LAYERS = 7;
  private static final long MUCH = 1L << 40;

  private static BackendOptions options(int gpuLayers) {
    return new BackendOptions(10, 16, 64, 1, true, "", gpuLayers, KvType.F16);
  }

  private static void withModel(BiConsumer<Model, BackendOptions> check) {
    ComputeTruth.withModel(
        ComputeTruth.tinyModel("gemma3-q4_0.gguf").path(),
        model -> check.accept(model, options(BackendOptions.ALL_THAT_FIT)));
  }

  private static int onDevice(LayerSplit split) {
    int there = split.back().spec().layers().size();
    int here = split.front().map(front -> front.spec().layers().size()).orElse(0);
    assertThat(there + here).isEqualTo(LAYERS);
    assertThat(split.back().weights().layers()).hasSize(there);
    return there;
  }

  @Test
  void takesAllThatFitAndNoMore(Gpu gpu) {
    withModel((model, options) -> {
      assertThat(onDevice(LayerSplit.of(gpu, model, options, MUCH))).isEqualTo(LAYERS);
      for (int layers = 1; layers <= LAYERS; layers++) {
        long bytes = LayerSplit.of(gpu, model, options(layers), MUCH).bytes(options);
        // A sixteenth is left to the driver.
        long enough = bytes * 16 / 15 + 16;
        assertThat(onDevice(LayerSplit.of(gpu, model, options, enough))).isEqualTo(layers);
        if (layers > 1) {
          assertThat(onDevice(LayerSplit.of(gpu, model, options, bytes))).isLessThan(layers);
        }
      }
    });
  }

  @Test
  void takesTheLastOnesInOrder(Gpu gpu) {
    withModel((model, options) -> {
      LayerSplit split = LayerSplit.of(gpu, model, options(3), MUCH);
      assertThat(onDevice(split)).isEqualTo(3);
      assertThat(split.back().spec().layers()).isEqualTo(model.spec().layers().subList(4, LAYERS));
      assertThat(split.back().weights().layers())
          .isEqualTo(model.weights().layers().subList(4, LAYERS));
      assertThat(split.front().orElseThrow().weights().layers())
          .isEqualTo(model.weights().layers().subList(0, 4));
      assertThat(onDevice(LayerSplit.of(gpu, model, options(100), MUCH))).isEqualTo(LAYERS);
    });
  }

  @Test
  void saysWhatHasNoRoom(Gpu gpu) {
    withModel((model, options) -> {
      for (BackendOptions each : new BackendOptions[] {options, options(2)}) {
        assertThatThrownBy(() -> LayerSplit.of(gpu, model, each, 1 << 10))
            .isInstanceOfSatisfying(
                GpuException.class,
                e -> assertThat(e.reason()).isEqualTo(GpuException.Reason.OUT_OF_DEVICE_MEMORY))
            .hasMessageContaining("gpu-layers");
      }
      assertThatThrownBy(() -> LayerSplit.of(gpu, model, options(0), MUCH))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("gpu-layers is 0");
    });
  }
}
