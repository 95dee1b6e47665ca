package ringfence.router.ledger;

/// A record could not be made durable: nothing may leave.
public final class LedgerUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  LedgerUnavailableException(String message) {
    super(message);
  }

  LedgerUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
