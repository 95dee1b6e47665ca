package ringfence.node.serving;

/// The node can't start; the message says what is wrong and what to do.
final class NodeStartException extends Exception {
  private static final long serialVersionUID = 1L;

  NodeStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
