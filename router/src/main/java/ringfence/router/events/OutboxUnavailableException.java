package ringfence.router.events;

/// An event was not made durable in time. It stays owed.
public final class OutboxUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  OutboxUnavailableException(String message) {
    super(message);
  }
}
