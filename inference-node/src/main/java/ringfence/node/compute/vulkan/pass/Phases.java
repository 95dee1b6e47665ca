package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.vulkan.device.Recording;

/// Notes where the phases of a recording end, for the profile: a timestamp on the device, and what
/// the phase has to move. [#none] notes nothing.
final class Phases {
  /// A phase as it was recorded.
  ///
  /// @param bytes that it reads and writes whatever the step's data
  /// @param window attention: which of the model's windows it looks through; else -1
  /// @param bytesAPosition attention: bytes that each position takes which is seen through it
  record Noted(String name, long bytes, int window, long bytesAPosition) {}

  private static final int MOST = 16_384;

  private final boolean on;
  private final List<Noted> noted = new ArrayList<>();

  private Phases(boolean on) {
    this.on = on;
  }

  static Phases none() {
    return new Phases(false);
  }

  static Phases kept() {
    return new Phases(true);
  }

  /// Timestamps that a recording has to have room for.
  int room() {
    return on ? MOST : 0;
  }

  /// Notes where the first phase begins; once, in the first recording of a submission.
  void begin(Recording to) {
    if (on) {
      to.timestamp("begin");
    }
  }

  /// Ends a phase.
  void end(Recording to, String name, long bytes) {
    end(to, new Noted(name, bytes, -1, 0));
  }

  /// Ends a phase.
  void end(Recording to, Noted phase) {
    if (on) {
      to.timestamp(phase.name());
      noted.add(phase);
    }
  }

  List<Noted> noted() {
    return noted;
  }
}
