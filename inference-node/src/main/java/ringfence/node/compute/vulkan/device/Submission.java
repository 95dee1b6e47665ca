package ringfence.node.compute.vulkan.device;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.vulkan.device.GpuException.Reason;
import ringfence.node.compute.vulkan.device.Recording.Timing;

/// Work that was handed to the device.
public final class Submission {
  private final Gpu gpu;
  private final long value;
  private final List<Recording> recordings;

  Submission(Gpu gpu, long value, List<Recording> recordings) {
    this.gpu = gpu;
    this.value = value;
    this.recordings = recordings;
  }

  /// True when all of it is done.
  public boolean isDone() {
    return gpu.isReached(value);
  }

  /// Waits until all of it is done.
  ///
  /// @throws GpuException `TIMEOUT` when it is not by then; it goes on running
  public void await(Duration limit) {
    if (!gpu.waitFor(value, limit.toNanos())) {
      throw new GpuException(
          Reason.TIMEOUT,
          gpu.traits().name() + " did not finish its work in " + limit.toMillis() + " ms");
    }
  }

  /// What its timestamps say, counted from the first of them. Once it is done, and before its
  /// recordings are submitted again.
  public List<Timing> timings() {
    List<Timing> all = new ArrayList<>();
    double nanos = gpu.traits().timestampNanos();
    long first = 0;
    for (Recording recording : recordings) {
      long[] ticks = recording.ticks();
      for (int i = 0; i < ticks.length; i++) {
        if (all.isEmpty()) {
          first = ticks[i];
        }
        all.add(new Timing(recording.labels().get(i), (ticks[i] - first) * nanos));
      }
    }
    return all;
  }
}
