package ringfence.router.ledger;

import ringfence.proto.v1.Departure;

/// The value that says: this departure is on disk. Made by the [Ledger] alone, after the record is
/// durable.
public final class LedgerReceipt {
  private final long sequence;
  private final Departure departure;

  LedgerReceipt(long sequence, Departure departure) {
    this.sequence = sequence;
    this.departure = departure;
  }

  /// The record's place in the chain.
  public long sequence() {
    return sequence;
  }

  /// What was recorded.
  public Departure departure() {
    return departure;
  }

  @Override
  public String toString() {
    return "LedgerReceipt["
        + sequence
        + ": "
        + departure.getRequestId()
        + "/"
        + departure.getAttempt()
        + "]";
  }
}
