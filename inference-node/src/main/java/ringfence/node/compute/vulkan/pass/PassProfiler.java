package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.Profiler;
import ringfence.node.compute.vulkan.device.Recording.Timing;

/// Phases of the last pass by the device's own timestamps. A measured pass is one submission, with
/// a timestamp after each phase: a device with many phases in flight loses a little by that.
final class PassProfiler implements Profiler {
  private boolean enabled;
  private List<Phase> last = List.of();

  @Override
  public void enable(boolean on) {
    enabled = on;
    last = List.of();
  }

  boolean enabled() {
    return enabled;
  }

  @Override
  public List<Phase> lastPass() {
    return last;
  }

  /// Takes a pass that is done.
  ///
  /// @param timings one, and then one for each phase; none on a device without timestamps
  /// @param seen positions that its single tokens and tiles see, for each window
  void take(List<Phases.Noted> noted, List<Timing> timings, long[] seen) {
    List<Phase> phases = new ArrayList<>();
    for (int i = 0; i + 1 < timings.size(); i++) {
      Phases.Noted phase = noted.get(i);
      long data = phase.window() < 0 ? 0 : seen[phase.window()] * phase.bytesAPosition();
      double start = timings.get(i).nanos();
      phases.add(
          new Phase(phase.name(), start, timings.get(i + 1).nanos() - start, phase.bytes() + data));
    }
    last = List.copyOf(phases);
  }
}
