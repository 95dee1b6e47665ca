package ringfence.node.compute.vulkan;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.opentest4j.TestAbortedException;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuCandidate;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// Gives tests a device under the validation layer and fails each test in which the layer said
/// something. Device and pipelines are shared by all tests of the run and closed at its end.
///
/// Parameters: [Gpu], [Pipelines], [GpuInstance]. Without Vulkan the tests are skipped, on CI they
/// fail. The device is the first usable one, or that whose name contains the system property
/// `ringfence.test.device`. `ringfence.test.validation=false` does without the layer.
public final class VulkanExtension
    implements BeforeAllCallback, AfterEachCallback, AfterAllCallback, ParameterResolver {
  private static final Namespace SPACE = Namespace.create(VulkanExtension.class);

  /// What the run shares.
  private static final class Shared implements AutoCloseable {
    private final List<String> messages = new ArrayList<>();
    private final GpuInstance instance;
    private final Gpu gpu;
    private final Pipelines pipelines;

    Shared() {
      // A GPU host may have a driver and nothing else.
      instance =
          Boolean.parseBoolean(System.getProperty("ringfence.test.validation", "true"))
              ? GpuInstance.openValidated(this::add)
              : GpuInstance.open();
      gpu = choose(instance).open();
      pipelines = new Pipelines(gpu);
    }

    private static GpuCandidate choose(GpuInstance instance) {
      String wanted = System.getProperty("ringfence.test.device", "");
      return instance.candidates().stream()
          .filter(c -> c.unusable().isEmpty() && c.name().contains(wanted))
          .findFirst()
          .orElseThrow(() ->
              new GpuException(
                  GpuException.Reason.NO_DEVICE,
                  "no usable Vulkan device"
                      + (wanted.isEmpty() ? "" : " is named '" + wanted + "'")
                      + " (on Debian and Ubuntu the package mesa-vulkan-drivers has one)"));
    }

    private synchronized void add(String message) {
      messages.add(message);
    }

    private synchronized List<String> take() {
      List<String> taken = List.copyOf(messages);
      messages.clear();
      return taken;
    }

    @Override
    public void close() {
      instance.close();
      List<String> last = take();
      if (!last.isEmpty()) {
        throw new AssertionError("the validation layer said at the end: " + last);
      }
    }
  }

  private static Shared shared(ExtensionContext context) {
    try {
      return context
          .getRoot()
          .getStore(SPACE)
          .computeIfAbsent("shared", key -> new Shared(), Shared.class);
    } catch (GpuException e) {
      if ("true".equals(System.getenv("CI"))) {
        throw e;
      }
      throw new TestAbortedException("needs Vulkan: " + e.getMessage(), e);
    }
  }

  /// What the validation layer said since the last call, for tests that want it to complain.
  public static List<String> takeMessages(ExtensionContext context) {
    return shared(context).take();
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    shared(context);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    check(context);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    check(context);
  }

  private static void check(ExtensionContext context) {
    List<String> messages = shared(context).take();
    if (!messages.isEmpty()) {
      String first = messages.stream().distinct().limit(5).collect(Collectors.joining("\n"));
      fail("the validation layer said " + messages.size() + " times: " + first);
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Gpu.class || type == Pipelines.class || type == GpuInstance.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Shared shared = shared(context);
    Class<?> type = parameter.getParameter().getType();
    return type == Gpu.class
        ? shared.gpu
        : type == Pipelines.class ? shared.pipelines : shared.instance;
  }
}
