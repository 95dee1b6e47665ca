package ringfence.node.compute;

import java.util.List;

/// Where a device's time goes. Switched on, a backend measures each phase of each pass, which costs
/// a little.
public interface Profiler {

  /// A part of a pass. Phases of one name are one line of a profile.
  ///
  /// @param name e.g. `gate+up`, the same for all layers
  /// @param startNanos since the pass began on the device
  /// @param nanos until it was done
  /// @param bytes that it must read and write at least: weights, keys and values, activations
  record Phase(String name, double startNanos, double nanos, long bytes) {}

  /// Measures the passes that follow, or no longer.
  void enable(boolean on);

  /// The phases of the last pass, in order; none when it was not measured.
  List<Phase> lastPass();
}
