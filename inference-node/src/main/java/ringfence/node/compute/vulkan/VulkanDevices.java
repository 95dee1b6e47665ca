package ringfence.node.compute.vulkan;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import ringfence.node.cache.CacheFolder;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuCandidate;
import ringfence.node.compute.vulkan.device.GpuChoice;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuException.Reason;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.kernel.FragmentOrder;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.kernel.SelfTest;

/// This machine's Vulkan devices, for those who don't know Vulkan.
public final class VulkanDevices {

  private VulkanDevices() {}

  /// An opened device and what has to be closed after it.
  public record Opened(Gpu gpu, AutoCloseable owner) {}

  /// A device as people see it.
  ///
  /// @param unusable why it can't be used, where it can't
  /// @param fragments weights go straight into its matrix units
  public record Report(GpuCandidate candidate, Optional<String> unusable, boolean fragments) {}

  /// True when there is a device that is worth more than the processor.
  public static boolean haveGpu() {
    try (GpuInstance instance = GpuInstance.open()) {
      return GpuChoice.best(instance.candidates()).isPresent();
    } catch (GpuException e) {
      return false;
    }
  }

  /// Opens a device and sees that it computes rightly.
  ///
  /// @param wanted its number or part of its name; empty: the best one
  /// @throws GpuException when there is none, or it is not usable
  // The caller closes what this returns.
  @SuppressWarnings("MustBeClosedChecker")
  public static Opened open(String wanted) {
    GpuInstance instance = GpuInstance.open();
    try {
      Gpu gpu = GpuChoice.named(instance.candidates(), wanted).open(pipelineCaches());
      Optional<String> wrong = SelfTest.run(new Pipelines(gpu));
      if (wrong.isPresent()) {
        throw new GpuException(
            Reason.NO_DEVICE, gpu.traits().name() + " computes wrongly: " + wrong.get());
      }
      return new Opened(gpu, instance);
    } catch (RuntimeException e) {
      instance.close();
      throw e;
    }
  }

  /// All devices, the usable ones tried.
  public static List<Report> reports(GpuInstance instance) {
    return instance.candidates().stream().map(VulkanDevices::report).toList();
  }

  private static Report report(GpuCandidate candidate) {
    if (candidate.unusable().isPresent()) {
      return new Report(candidate, candidate.unusable(), false);
    }
    try (Gpu gpu = candidate.open(pipelineCaches())) {
      Pipelines pipelines = new Pipelines(gpu);
      Optional<String> wrong = SelfTest.run(pipelines).map(w -> "it computes wrongly: " + w);
      boolean fragments =
          wrong.isEmpty() && FragmentOrder.ask(pipelines).flatMap(FragmentOrder::pairs).isPresent();
      return new Report(candidate, wrong, fragments);
    } catch (GpuException e) {
      return new Report(candidate, Optional.of(String.valueOf(e.getMessage())), false);
    }
  }

  private static Path pipelineCaches() {
    return CacheFolder.ofUser().resolve("pipelines");
  }
}
