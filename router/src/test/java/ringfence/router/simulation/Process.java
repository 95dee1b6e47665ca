package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.List;

/// A process: it can be killed, and stopped for a while as a suspended one is. What was meant for
/// an earlier life of it never happens.
class Process {
  final World world;
  final String name;
  private final List<Runnable> asleep = new ArrayList<>();
  final List<Pipe.End> ends = new ArrayList<>();
  private int life = 1;
  private boolean alive = true;
  private boolean hung;

  Process(World world, String name) {
    this.world = world;
    this.name = name;
  }

  boolean isAlive() {
    return alive;
  }

  boolean isHung() {
    return hung;
  }

  int life() {
    return life;
  }

  /// Runs in this process, now or when it wakes up.
  final void does(Runnable task) {
    int meant = life;
    if (!alive) {
      return;
    }
    if (hung) {
      asleep.add(() -> {
        if (alive && life == meant) {
          task.run();
        }
      });
    } else {
      task.run();
    }
  }

  final World.Event after(long nanos, Runnable task) {
    int meant = life;
    return world.after(
        nanos,
        () -> {
          if (alive && life == meant) {
            does(task);
          }
        });
  }

  void hang(long nanos) {
    if (!alive || hung) {
      return;
    }
    hung = true;
    int meant = life;
    world.after(
        nanos,
        () -> {
          if (life == meant && alive) {
            wake();
          }
        });
  }

  private void wake() {
    hung = false;
    List<Runnable> due = List.copyOf(asleep);
    asleep.clear();
    due.forEach(this::does);
  }

  /// Dies: its connections break, as far as the others can hear it.
  void crash() {
    if (!alive) {
      return;
    }
    alive = false;
    hung = false;
    life++;
    asleep.clear();
    for (Pipe.End end : List.copyOf(ends)) {
      end.reset();
    }
    ends.clear();
  }

  void restart() {
    alive = true;
  }
}
