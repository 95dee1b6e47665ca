package ringfence.node.catalogue;

/// A model could not be fetched; the message says from where and why.
public final class PullException extends Exception {
  private static final long serialVersionUID = 1L;

  public PullException(String message) {
    super(message);
  }

  public PullException(String message, Throwable cause) {
    super(message, cause);
  }
}
