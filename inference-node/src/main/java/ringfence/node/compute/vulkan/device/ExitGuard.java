package ringfence.node.compute.vulkan.device;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Closes what is still open when the JVM goes down: drivers with threads of their own crash in
/// their exit handlers otherwise.
public final class ExitGuard {
  private static final Set<GpuInstance> OPEN = new HashSet<>();
  private static Duration grace = Duration.ZERO;
  private static boolean hooked;
  private static boolean exiting;

  private ExitGuard() {}

  /// How long owners may go on using their devices once the JVM goes down, and close them
  /// themselves: as long as a server drains. Zero by default.
  public static void waitForOwners(Duration limit) {
    synchronized (OPEN) {
      grace = limit;
    }
  }

  static void watch(GpuInstance instance) {
    synchronized (OPEN) {
      OPEN.add(instance);
      if (!hooked && !exiting) {
        hooked = true;
        Runtime.getRuntime().addShutdownHook(new Thread(ExitGuard::closeAll, "gpu-exit"));
      }
    }
  }

  static void forget(GpuInstance instance) {
    synchronized (OPEN) {
      OPEN.remove(instance);
      OPEN.notifyAll();
    }
  }

  private static void closeAll() {
    List<GpuInstance> left;
    synchronized (OPEN) {
      exiting = true;
      long end = System.nanoTime() + grace.toNanos();
      long remaining = grace.toMillis();
      while (!OPEN.isEmpty() && remaining > 0) {
        try {
          OPEN.wait(remaining);
        } catch (InterruptedException e) {
          break;
        }
        remaining = (end - System.nanoTime()) / 1_000_000;
      }
      left = List.copyOf(OPEN);
    }
    left.forEach(GpuInstance::close);
  }
}
