package ringfence.node.compute.vulkan.device;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lwjgl.vulkan.VkPhysicalDevice;

/// A device that a machine has, usable or not.
public final class GpuCandidate {
  private final GpuInstance instance;
  private final VkPhysicalDevice device;
  private final int index;
  private final String name;
  private final Set<String> extensions;
  private final int queueFamily;
  private final @Nullable GpuTraits traits;
  private final @Nullable String unusable;

  GpuCandidate(
      GpuInstance instance,
      VkPhysicalDevice device,
      int index,
      String name,
      Set<String> extensions,
      int queueFamily,
      @Nullable GpuTraits traits,
      @Nullable String unusable) {
    this.instance = instance;
    this.device = device;
    this.index = index;
    this.name = name;
    this.extensions = extensions;
    this.queueFamily = queueFamily;
    this.traits = traits;
    this.unusable = unusable;
  }

  /// Its place in the machine's list, from 0.
  public int index() {
    return index;
  }

  public String name() {
    return name;
  }

  /// Why it can't be used, as a sentence; empty when it can.
  public Optional<String> unusable() {
    return Optional.ofNullable(unusable);
  }

  /// Unknown where the device is too old to be asked.
  public Optional<GpuTraits> traits() {
    return Optional.ofNullable(traits);
  }

  /// The same device as if it could do less: what is not in the features is not switched on, and
  /// limits are believed. So a strong device shows what happens on a weak one.
  ///
  /// @param less changes what it is and can do; nothing may be added
  public GpuCandidate lessened(UnaryOperator<GpuTraits> less) {
    GpuTraits changed = traits == null ? null : less.apply(traits);
    if (changed != null && traits != null && !traits.features().containsAll(changed.features())) {
      throw new IllegalArgumentException(name + " does not have all of " + changed.features());
    }
    return new GpuCandidate(
        instance, device, index, name, extensions, queueFamily, changed, unusable);
  }

  /// Opens it without a cache of pipelines.
  public Gpu open() {
    return open(null);
  }

  /// Opens it.
  ///
  /// @param pipelineCaches folder that keeps compiled pipelines from one run to the next, or null
  /// @throws GpuException when it is not usable, or the driver refuses
  public Gpu open(@Nullable Path pipelineCaches) {
    if (traits == null || unusable != null) {
      throw new GpuException(GpuException.Reason.NO_DEVICE, name + " can't be used: " + unusable);
    }
    return instance.open(this, traits, pipelineCaches);
  }

  VkPhysicalDevice device() {
    return device;
  }

  Set<String> extensions() {
    return extensions;
  }

  int queueFamily() {
    return queueFamily;
  }
}
