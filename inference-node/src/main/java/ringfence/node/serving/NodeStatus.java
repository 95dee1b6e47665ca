package ringfence.node.serving;

/// Whether the node takes attempts. Draining because of the process' end is final; because of an
/// operator it can be taken back.
final class NodeStatus {
  private volatile boolean ready;
  private volatile boolean drainedByOperator;
  private volatile boolean shuttingDown;

  void becomeReady() {
    ready = true;
  }

  void drainByOperator(boolean drain) {
    drainedByOperator = drain;
  }

  void shutDown() {
    shuttingDown = true;
  }

  boolean isReady() {
    return ready && !isDraining();
  }

  boolean isDraining() {
    return drainedByOperator || shuttingDown;
  }
}
