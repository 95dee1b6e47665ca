package ringfence.router.ledger;

import java.io.IOException;

/// What lies in the ledger's folder is not what was written there. The message names what.
public final class LedgerDamagedException extends IOException {
  private static final long serialVersionUID = 1L;

  LedgerDamagedException(String message) {
    super(message);
  }
}
