package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.EXTDebugUtils.*;
import static org.lwjgl.vulkan.EXTValidationFeatures.*;
import static org.lwjgl.vulkan.KHRPortabilityEnumeration.*;
import static org.lwjgl.vulkan.VK13.*;

import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lwjgl.PointerBuffer;
import org.lwjgl.system.Configuration;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VK;
import org.lwjgl.vulkan.VkApplicationInfo;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackDataEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCallbackEXT;
import org.lwjgl.vulkan.VkDebugUtilsMessengerCreateInfoEXT;
import org.lwjgl.vulkan.VkExtensionProperties;
import org.lwjgl.vulkan.VkInstance;
import org.lwjgl.vulkan.VkInstanceCreateInfo;
import org.lwjgl.vulkan.VkLayerProperties;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkQueueFamilyProperties;
import org.lwjgl.vulkan.VkValidationFeaturesEXT;
import ringfence.node.compute.vulkan.device.GpuException.Reason;

/// Vulkan on this machine, and the devices that it finds. Closing it closes what was opened of it.
///
/// Some drivers bring the JVM down at its exit while an instance is open; [ExitGuard] closes those
/// that nobody closed.
public final class GpuInstance implements AutoCloseable {
  private static final String VALIDATION = "VK_LAYER_KHRONOS_validation";
  private static final Object LOADER = new Object();
  private static boolean loaded;

  private final VkInstance instance;
  private final @Nullable VkDebugUtilsMessengerCallbackEXT callback;
  private final long messenger;
  private final List<GpuCandidate> candidates;
  private final List<Gpu> open = new ArrayList<>();
  private boolean closed;

  /// Opens Vulkan.
  ///
  /// @throws GpuException when this machine has none
  public static GpuInstance open() {
    return open(null);
  }

  /// Opens Vulkan with the validation layer and its checks of synchronisation.
  ///
  /// @param messages gets each warning and error, on any thread
  /// @throws GpuException when this machine has no Vulkan or no validation layer
  public static GpuInstance openValidated(Consumer<String> messages) {
    return open(messages);
  }

  private static GpuInstance open(@Nullable Consumer<String> messages) {
    load();
    GpuInstance instance = new GpuInstance(messages);
    ExitGuard.watch(instance);
    return instance;
  }

  private static void load() {
    synchronized (LOADER) {
      if (loaded) {
        return;
      }
      Configuration.VULKAN_EXPLICIT_INIT.set(true);
      // The C library's own; without this it looks for jemalloc, which is not shipped.
      Configuration.MEMORY_ALLOCATOR.set("system");
      try {
        VK.create();
      } catch (UnsatisfiedLinkError e) {
        throw new GpuException(
            Reason.NO_VULKAN,
            "this machine has no Vulkan loader (on Debian and Ubuntu the package libvulkan1)",
            e);
      }
      loaded = true;
    }
  }

  private GpuInstance(@Nullable Consumer<String> messages) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      if (VK.getInstanceVersionSupported() < VK_API_VERSION_1_3) {
        throw new GpuException(
            Reason.NO_VULKAN, "this machine's Vulkan loader is older than version 1.3");
      }
      VkInstanceCreateInfo info =
          VkInstanceCreateInfo.calloc(stack)
              .sType$Default()
              .pApplicationInfo(
                  VkApplicationInfo.calloc(stack)
                      .sType$Default()
                      .pApplicationName(stack.UTF8("ringfence"))
                      .apiVersion(VK_API_VERSION_1_3));
      Set<String> wanted = new TreeSet<>();
      if (instanceExtensions(stack, null).contains(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        wanted.add(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        info.flags(VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR);
      }
      VkDebugUtilsMessengerCreateInfoEXT messengerInfo = null;
      if (messages != null) {
        if (!layers(stack).contains(VALIDATION)) {
          throw new GpuException(
              Reason.UNSUPPORTED,
              "there is no validation layer (on Debian and Ubuntu the package vulkan-validationlayers)");
        }
        wanted.add(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
        wanted.add(VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME);
        info.ppEnabledLayerNames(stack.pointers(stack.UTF8(VALIDATION)));
        callback =
            VkDebugUtilsMessengerCallbackEXT.create((severity, types, data, user) -> {
              messages.accept(VkDebugUtilsMessengerCallbackDataEXT.create(data).pMessageString());
              return VK_FALSE;
            });
        messengerInfo =
            VkDebugUtilsMessengerCreateInfoEXT.calloc(stack)
                .sType$Default()
                .messageSeverity(
                    VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
                        | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
                .messageType(
                    VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT
                        | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT)
                .pfnUserCallback(callback);
        info.pNext(
            VkValidationFeaturesEXT.calloc(stack)
                .sType$Default()
                .pEnabledValidationFeatures(
                    stack.ints(VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT)));
        info.pNext(messengerInfo);
      } else {
        callback = null;
      }
      PointerBuffer names = stack.mallocPointer(wanted.size());
      wanted.forEach(name -> names.put(stack.UTF8(name)));
      info.ppEnabledExtensionNames(names.flip());
      PointerBuffer handle = stack.mallocPointer(1);
      int created = vkCreateInstance(info, null, handle);
      if (created != VK_SUCCESS) {
        if (callback != null) {
          callback.free();
        }
        throw created == VK_ERROR_INCOMPATIBLE_DRIVER
            ? new GpuException(
                Reason.NO_VULKAN, "this machine has a Vulkan loader and no Vulkan driver")
            : Results.failure(created, "opening Vulkan");
      }
      instance = new VkInstance(handle.get(0), info);
      LongBuffer messengerHandle = stack.callocLong(1);
      try {
        if (messengerInfo != null) {
          Results.check(
              vkCreateDebugUtilsMessengerEXT(
                  instance, messengerInfo.pNext(0), null, messengerHandle),
              "listening to the validation layer");
        }
        candidates = find(stack);
      } catch (RuntimeException e) {
        destroy(messengerHandle.get(0));
        throw e;
      }
      messenger = messengerHandle.get(0);
    }
  }

  private void destroy(long listener) {
    if (listener != VK_NULL_HANDLE) {
      vkDestroyDebugUtilsMessengerEXT(instance, listener, null);
    }
    vkDestroyInstance(instance, null);
    if (callback != null) {
      callback.free();
    }
  }

  private static Set<String> layers(MemoryStack stack) {
    IntBuffer count = stack.mallocInt(1);
    Results.check(vkEnumerateInstanceLayerProperties(count, null), "asking for layers");
    Set<String> names = new TreeSet<>();
    try (var found = VkLayerProperties.malloc(count.get(0))) {
      Results.check(vkEnumerateInstanceLayerProperties(count, found), "asking for layers");
      found.forEach(l -> names.add(l.layerNameString()));
    }
    return names;
  }

  private static Set<String> instanceExtensions(MemoryStack stack, @Nullable String layer) {
    IntBuffer count = stack.mallocInt(1);
    Results.check(
        vkEnumerateInstanceExtensionProperties(layer, count, null), "asking for extensions");
    Set<String> names = new TreeSet<>();
    try (var found = VkExtensionProperties.malloc(count.get(0))) {
      Results.check(
          vkEnumerateInstanceExtensionProperties(layer, count, found), "asking for extensions");
      found.forEach(e -> names.add(e.extensionNameString()));
    }
    return names;
  }

  private List<GpuCandidate> find(MemoryStack stack) {
    IntBuffer count = stack.mallocInt(1);
    Results.check(vkEnumeratePhysicalDevices(instance, count, null), "asking for devices");
    List<GpuCandidate> found = new ArrayList<>();
    if (count.get(0) == 0) {
      return List.of();
    }
    PointerBuffer handles = stack.mallocPointer(count.get(0));
    Results.check(vkEnumeratePhysicalDevices(instance, count, handles), "asking for devices");
    for (int i = 0; i < count.get(0); i++) {
      found.add(candidate(i, new VkPhysicalDevice(handles.get(i), instance)));
    }
    return List.copyOf(found);
  }

  private GpuCandidate candidate(int index, VkPhysicalDevice device) {
    String name = TraitsReader.nameOf(device);
    int api = TraitsReader.apiOf(device);
    if (api < VK_API_VERSION_1_3) {
      return new GpuCandidate(
          this,
          device,
          index,
          name,
          Set.of(),
          -1,
          null,
          "it speaks Vulkan " + TraitsReader.version(api) + " and 1.3 is needed");
    }
    TraitsReader reader = new TraitsReader(device);
    GpuTraits traits = reader.read(index);
    int family = computeFamily(device);
    return new GpuCandidate(
        this,
        device,
        index,
        name,
        reader.extensions(),
        family,
        traits,
        unusable(device, reader.extensions(), traits, family).orElse(null));
  }

  private static Optional<String> unusable(
      VkPhysicalDevice device, Set<String> extensions, GpuTraits traits, int family) {
    if (family < 0) {
      return Optional.of("it has no queue for compute work");
    }
    try (MemoryStack stack = MemoryStack.stackPush()) {
      FeatureChain chain = new FeatureChain(stack, extensions);
      chain.ask(device);
      Optional<String> missing = chain.missing();
      if (missing.isPresent()) {
        return missing.map(m -> "its driver lacks " + m);
      }
    }
    if (!traits.has(Feature.SUBGROUP_ARITHMETIC) || !traits.has(Feature.SUBGROUP_SHUFFLE)) {
      return Optional.of("it lacks subgroup arithmetic or shuffles");
    }
    return Optional.empty();
  }

  private static int computeFamily(VkPhysicalDevice device) {
    try (MemoryStack stack = MemoryStack.stackPush()) {
      IntBuffer count = stack.mallocInt(1);
      vkGetPhysicalDeviceQueueFamilyProperties(device, count, null);
      var families = VkQueueFamilyProperties.malloc(count.get(0), stack);
      vkGetPhysicalDeviceQueueFamilyProperties(device, count, families);
      for (int i = 0; i < families.capacity(); i++) {
        if ((families.get(i).queueFlags() & VK_QUEUE_COMPUTE_BIT) != 0) {
          return i;
        }
      }
      return -1;
    }
  }

  /// All devices, in the driver's order.
  public List<GpuCandidate> candidates() {
    return candidates;
  }

  synchronized Gpu open(GpuCandidate candidate, GpuTraits traits, @Nullable Path pipelineCaches) {
    if (closed) {
      throw new GpuException(Reason.CLOSED, "Vulkan was closed");
    }
    Gpu gpu = Gpu.create(this, candidate, traits, pipelineCaches);
    open.add(gpu);
    return gpu;
  }

  synchronized void forget(Gpu gpu) {
    open.remove(gpu);
  }

  /// Closes every device first.
  @Override
  public void close() {
    List<Gpu> left;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      left = List.copyOf(open);
    }
    left.forEach(Gpu::close);
    destroy(messenger);
    ExitGuard.forget(this);
  }
}
