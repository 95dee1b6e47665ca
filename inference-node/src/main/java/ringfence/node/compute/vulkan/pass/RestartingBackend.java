package ringfence.node.compute.vulkan.pass;

import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendFailure;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.LoadPart;
import ringfence.node.compute.Logits;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.Profiler;
import ringfence.node.compute.vulkan.device.GpuException;

/// A backend on a device that may be lost: says so with [BackendFailure], and [#restart] opens the
/// device and the model on it anew, with fewer pages where it has less room than before.
public final class RestartingBackend implements Backend {
  private static final System.Logger LOG = System.getLogger(RestartingBackend.class.getName());

  /// With fewer a device is of no use.
  private static final int LEAST_PAGES = 4;

  private final Opener opener;
  private final String numerics;
  private final String device;
  private volatile BackendOptions options;
  private volatile Backend current;

  /// Opens a model on a device.
  @FunctionalInterface
  public interface Opener {
    /// Opens it, which its caller closes.
    ///
    /// @throws GpuException when the device can't be opened, or has no room
    Backend open(BackendOptions options);
  }

  private RestartingBackend(Opener opener, BackendOptions options) {
    this.opener = opener;
    this.options = options;
    this.current = opener.open(options);
    this.numerics = current.numerics();
    this.device = current.device();
  }

  /// Opens it for the first time.
  ///
  /// @throws GpuException as `opener`
  public static RestartingBackend open(Opener opener, BackendOptions options) {
    return new RestartingBackend(opener, options);
  }

  private static <T> T watched(Supplier<T> work) {
    try {
      return work.get();
    } catch (GpuException e) {
      throw switch (e.reason()) {
        // One that does not come back hangs: it is opened anew like one that is gone.
        case DEVICE_LOST, TIMEOUT, CLOSED -> lost(e);
        case OUT_OF_DEVICE_MEMORY, OUT_OF_HOST_MEMORY ->
            new BackendFailure(
                BackendFailure.Kind.OUT_OF_MEMORY, String.valueOf(e.getMessage()), e);
        case NO_VULKAN, NO_DEVICE, UNSUPPORTED, INTERNAL -> e;
      };
    }
  }

  private static BackendFailure lost(GpuException cause) {
    return new BackendFailure(BackendFailure.Kind.LOST, String.valueOf(cause.getMessage()), cause);
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    return watched(() -> current.forward(batch, logits, unwanted));
  }

  @Override
  public boolean forward(Batch batch, Outputs outputs, BooleanSupplier unwanted) {
    return watched(() -> current.forward(batch, outputs, unwanted));
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    watched(() -> {
      current.copyPage(from, to, tokens);
      return true;
    });
  }

  @Override
  public List<LoadPart> loaded() {
    return watched(() -> current.loaded());
  }

  @Override
  public void restart() {
    try {
      current.close();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "closing a lost device: {0}", e.getMessage());
    }
    while (true) {
      try {
        current = opener.open(options);
        return;
      } catch (GpuException e) {
        boolean full =
            e.reason() == GpuException.Reason.OUT_OF_DEVICE_MEMORY
                || e.reason() == GpuException.Reason.OUT_OF_HOST_MEMORY;
        if (!full || options.pages() / 2 < LEAST_PAGES) {
          throw lost(e);
        }
        options = options.withPages(options.pages() / 2);
        LOG.log(
            System.Logger.Level.WARNING,
            "{0}; trying with {1} KV pages",
            e.getMessage(),
            options.pages());
      }
    }
  }

  @Override
  public boolean drawsOnDevice() {
    return current.drawsOnDevice();
  }

  @Override
  public Optional<Profiler> profiler() {
    return current.profiler();
  }

  @Override
  public int pages() {
    return options.pages();
  }

  @Override
  public int pageTokens() {
    return options.pageTokens();
  }

  @Override
  public int maxBatchTokens() {
    return options.maxBatchTokens();
  }

  @Override
  public String numerics() {
    return numerics;
  }

  @Override
  public boolean deterministic() {
    return options.deterministic();
  }

  @Override
  public String device() {
    return device;
  }

  @Override
  public void close() {
    current.close();
  }
}
