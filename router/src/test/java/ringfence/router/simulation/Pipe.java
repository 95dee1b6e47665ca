package ringfence.router.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/// A stream in both directions, as HTTP/2 over TCP has it: in order, and broken rather than lossy.
final class Pipe {
  private static final String BROKEN = "broken";
  private final Network network;
  final End left;
  final End right;

  Pipe(Network network, Process left, long leftPatience, Process right, long rightPatience) {
    this.network = network;
    this.left = new End(left, leftPatience);
    this.right = new End(right, rightPatience);
    network.pipes.add(this);
    probe();
  }

  boolean joins(String one, String other) {
    return (left.owner.name.equals(one) && right.owner.name.equals(other))
        || (left.owner.name.equals(other) && right.owner.name.equals(one));
  }

  /// A cut has begun: each end finds out when its patience ends.
  void probe() {
    left.probe();
    right.probe();
  }

  void flush() {
    left.flush();
    right.flush();
  }

  private void forget() {
    if (left.closed && right.closed) {
      network.pipes.remove(this);
      left.owner.ends.remove(left);
      right.owner.ends.remove(right);
    }
  }

  /// One end.
  final class End {
    final Process owner;
    private final int life;
    private final long patience;
    private final Deque<Object> waiting = new ArrayDeque<>();
    private Consumer<Object> onMessage = _ -> {};
    private Runnable onBroken = () -> {};
    private long lastArrival;
    private boolean closed;

    private End(Process owner, long patience) {
      this.owner = owner;
      this.life = owner.life();
      this.patience = patience;
      owner.ends.add(this);
    }

    End other() {
      return this == left ? right : left;
    }

    void hears(Consumer<Object> message, Runnable broken) {
      onMessage = message;
      onBroken = broken;
    }

    boolean isClosed() {
      return closed;
    }

    /// Sends a message; nothing happens on a closed end.
    void send(Object message) {
      if (!closed) {
        waiting.add(message);
        flush();
      }
    }

    /// Closes this end; the other one hears it.
    void close() {
      if (!closed) {
        closed = true;
        waiting.add(BROKEN);
        flush();
        forget();
      }
    }

    /// The process is gone: whatever it had not sent is lost.
    void reset() {
      if (!closed) {
        waiting.clear();
        close();
      }
    }

    private void probe() {
      if (closed || !network.isHurt(owner.name, other().owner.name)) {
        return;
      }
      World world = owner.world;
      long began = world.now();
      world.after(
          patience,
          () -> {
            if (!closed
                && network.isHurt(owner.name, other().owner.name)
                && network.cutSince(owner.name, other().owner.name) <= began) {
              owner.does(this::giveUp);
            }
          });
    }

    private void giveUp() {
      if (!closed) {
        close();
        onBroken.run();
      }
    }

    private void flush() {
      End to = other();
      World world = owner.world;
      while (!waiting.isEmpty() && !network.isCut(owner.name, to.owner.name)) {
        Object message = waiting.poll();
        lastArrival = Math.max(lastArrival, world.now() + network.latency());
        world.after(lastArrival - world.now(), () -> to.arrives(message));
      }
    }

    private void arrives(Object message) {
      if (!owner.isAlive() || owner.life() != life) {
        // Nobody there: the sender is told.
        if (message != BROKEN) {
          other().broken();
        }
        return;
      }
      owner.does(() -> {
        if (closed) {
          return;
        }
        if (message == BROKEN) {
          broken();
        } else {
          onMessage.accept(message);
        }
      });
    }

    private void broken() {
      if (!closed) {
        closed = true;
        waiting.clear();
        forget();
        owner.does(onBroken);
      }
    }
  }
}
