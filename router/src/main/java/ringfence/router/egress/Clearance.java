package ringfence.router.egress;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;
import ringfence.router.ledger.LedgerReceipt;
import ringfence.router.policy.EgressGrant;

/// Bytes that may leave now: granted, and recorded where they leave the site. Made by [Exit] alone;
/// whatever writes to a target takes its bytes from here.
final class Clearance {
  private final EgressGrant grant;
  private final ByteString bytes;
  private final @Nullable LedgerReceipt receipt;

  Clearance(EgressGrant grant, ByteString bytes, @Nullable LedgerReceipt receipt) {
    this.grant = grant;
    this.bytes = bytes;
    this.receipt = receipt;
  }

  EgressGrant grant() {
    return grant;
  }

  /// Exactly what the record's hash is of.
  ByteString bytes() {
    return bytes;
  }

  /// Null where no record is needed.
  @Nullable LedgerReceipt receipt() {
    return receipt;
  }

  @Override
  public String toString() {
    return "Clearance[" + grant + ", bytes=" + bytes.size() + "]";
  }
}
