package ringfence.node.compute.vulkan.kernel;

import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;

/// The counters of linked phases on one device, for one recording under way at a time.
///
/// A linked recording begins with [#begin] and ends with [#end]. When it has run, [#failed] tells
/// whether a wait was given up: then its results are worthless, and are to be computed again with
/// barriers.
public class PhaseLinks implements AutoCloseable {
  private static final int LINE_BYTES = 128;

  /// Where [#counters] say that a wait was given up.
  protected static final int GIVEN_UP = Integer.BYTES;

  private static final int THREADS = 64;
  private static final int TEST_PHASES = 48;
  private static final int TEST_ROUNDS = 4;
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final Pipelines pipelines;
  private final int phases;
  private final GpuBuffer counters;
  private final GpuBuffer back;

  /// Opens the links of a device.
  @FunctionalInterface
  public interface Opener {
    /// As [PhaseLinks#open].
    Optional<PhaseLinks> open(Pipelines pipelines, int phases);
  }

  /// Links of a device that is not asked whether it can, see [#open].
  protected PhaseLinks(Pipelines pipelines, int phases) {
    this.pipelines = pipelines;
    this.phases = phases;
    Gpu gpu = pipelines.gpu();
    counters = gpu.allocate((long) phases * LINE_BYTES, MemoryUse.DEVICE);
    back = gpu.allocate(Integer.BYTES, MemoryUse.READBACK);
  }

  /// The kernel that asks a device whether waits end.
  public static List<KernelVariant> variants() {
    return List.of(variant(64));
  }

  private static KernelVariant variant(int shared) {
    return KernelVariant.of(
            KernelModule.of("link_test.comp"),
            KernelNeeds.of(THREADS, Feature.INT64).shared(shared * Integer.BYTES),
            THREADS,
            shared)
        .linked();
  }

  /// Links for recordings of up to so many phases; empty where the device does not start workgroups
  /// in the order of their dispatches, or does not show one what another wrote.
  public static Optional<PhaseLinks> open(Pipelines pipelines, int phases) {
    if (variant(64).missing(pipelines.gpu().traits()).isPresent()) {
      return Optional.empty();
    }
    PhaseLinks links = new PhaseLinks(pipelines, Math.max(phases + 1, TEST_PHASES + 1));
    if (links.works()) {
      return Optional.of(links);
    }
    links.close();
    return Optional.empty();
  }

  /// Phases of few and of many workgroups, more than a device holds at a time, each of which checks
  /// numbers of the phase before and leaves its own.
  private boolean works() {
    Gpu gpu = pipelines.gpu();
    int many = 40 * gpu.traits().multiprocessors().orElse(8);
    try (GpuBuffer numbers =
            gpu.allocate((long) TEST_PHASES * many * Integer.BYTES, MemoryUse.DEVICE);
        GpuBuffer wrong = gpu.allocate(Integer.BYTES, MemoryUse.READBACK);
        Recording recording = gpu.record()) {
      wrong.mapped().set(ValueLayout.JAVA_INT, 0, 0);
      recording.fill(numbers, 0, numbers.size(), 0);
      PhaseChain chain = begin(recording);
      int before = 0;
      for (int phase = 0; phase < TEST_PHASES; phase++) {
        int groups = phase % 3 == 0 ? many : phase % 3 == 1 ? 1 + phase : many / 40 * 3 + 1;
        chain.dispatch(
            variant(phase % 2 == 0 ? 64 : 4096),
            groups,
            1,
            1,
            new PushConstants()
                .address(numbers, (long) Math.max(0, phase - 1) * many * Integer.BYTES)
                .address(numbers, (long) phase * many * Integer.BYTES)
                .address(wrong)
                .integer(before)
                .integer(phase));
        chain.end();
        before = groups;
      }
      end(chain);
      recording.end();
      for (int round = 0; round < TEST_ROUNDS; round++) {
        gpu.submit(recording).await(LIMIT);
        if (failed() || wrong.mapped().get(ValueLayout.JAVA_INT, 0) != 0) {
          return false;
        }
      }
      return true;
    }
  }

  /// Begins a chain of linked phases.
  public PhaseChain begin(Recording to) {
    to.fullBarrier();
    to.fill(counters, 0, counters.size(), 0);
    to.fullBarrier();
    return new PhaseChain(to, pipelines, this);
  }

  /// Ends a chain: what comes after sees all that it wrote.
  public void end(PhaseChain chain) {
    chain.recording().fullBarrier();
    chain.recording().copy(counters, GIVEN_UP, back, 0, Integer.BYTES);
  }

  /// Whether a wait was given up in the chain that ran last.
  public boolean failed() {
    return back.mapped().get(ValueLayout.JAVA_INT, 0) != 0;
  }

  /// A line for each phase.
  protected final GpuBuffer counters() {
    return counters;
  }

  int phases() {
    return phases;
  }

  @Override
  public void close() {
    counters.close();
    back.close();
  }
}
