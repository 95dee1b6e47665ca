package ringfence.router.serving;

import java.io.IOException;
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.ReceiptRecord;
import ringfence.router.Failures;
import ringfence.router.ledger.Ledger;

/// What a tenant may know of its own requests' records.
final class Receipts {
  private static final Logger LOG = Logger.getLogger(Receipts.class);

  private final @Nullable Ledger ledger;

  Receipts(@Nullable Ledger ledger) {
    this.ledger = ledger;
  }

  /// A receipt, or why there is none. Another tenant's request looks like one that never was.
  sealed interface Answer {
    record Found(Receipt receipt) implements Answer {}

    record Refused(Failure failure) implements Answer {}
  }

  Answer find(String requestId, String tenant) {
    Ledger searched = ledger;
    if (searched == null) {
      return unknown();
    }
    List<Ledger.Found> records;
    try {
      records = searched.find(requestId, tenant);
    } catch (IOException unreadable) {
      LOG.errorf("a receipt could not be read: %s", unreadable.getMessage());
      return new Answer.Refused(
          Failures.of(Reason.LEDGER_UNAVAILABLE, "the ledger can't be read now"));
    }
    if (records.isEmpty()) {
      return unknown();
    }
    Receipt.Builder receipt =
        Receipt.newBuilder().setHead(searched.head()).setPublicKey(searched.publicKey());
    for (Ledger.Found found : records) {
      receipt.addRecords(
          ReceiptRecord.newBuilder().setStored(found.stored()).setSigned(searched.vouch(found)));
    }
    return new Answer.Found(receipt.build());
  }

  private static Answer unknown() {
    return new Answer.Refused(
        Failures.of(
            Reason.UNKNOWN_REQUEST,
            "no attempt of such a request was recorded: it is not yours, too old, or never left the site"));
  }
}
