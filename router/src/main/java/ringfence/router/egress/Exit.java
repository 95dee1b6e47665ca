package ringfence.router.egress;

import com.google.protobuf.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Label;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.ledger.Ledger;
import ringfence.router.ledger.LedgerReceipt;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Zone;

/// The last door: whatever leaves for a target passes here, with its exact bytes. It holds the
/// grant against them, and where the target is farther than the site it has the ledger record them
/// first.
public final class Exit {
  private static final Zone UNRECORDED = Zone.SITE;

  private final @Nullable Ledger ledger;
  private final boolean recordsAll;
  private final LongSupplier nanoClock;
  private final Executor executor;
  private final Witness witness;

  /// Hears of each record of what is about to leave the site; nothing leaves before it has agreed.
  public interface Witness {

    /// Completes when the bytes may leave, or with why they may not.
    CompletableFuture<Void> leaving(LedgerReceipt receipt);
  }

  /// Without a witness.
  public Exit(
      @Nullable Ledger ledger, boolean recordsAll, LongSupplier nanoClock, Executor executor) {
    this(ledger, recordsAll, nanoClock, executor, _ -> CompletableFuture.completedFuture(null));
  }

  /// @param ledger null: nothing leaves the site
  /// @param recordsAll also what stays in the site
  /// @param nanoClock the clock that grants are made by
  /// @param executor where callers hear that a record is durable
  public Exit(
      @Nullable Ledger ledger,
      boolean recordsAll,
      LongSupplier nanoClock,
      Executor executor,
      Witness witness) {
    this.ledger = ledger;
    this.recordsAll = recordsAll;
    this.nanoClock = nanoClock;
    this.executor = executor;
    this.witness = witness;
  }

  /// Clears bytes to leave. Without a record to wait for, `go` is called before this returns;
  /// otherwise one of the two is called later, on the executor.
  ///
  /// @throws EgressDeniedException when the grant does not permit this request, attempt or moment
  void depart(
      EgressGrant grant,
      String requestId,
      int attempt,
      ByteString bytes,
      Consumer<Clearance> go,
      Consumer<Failure> refused) {
    check(grant, requestId, attempt);
    Zone zone = grant.target().zone();
    boolean mustRecord = mustRecord(zone);
    Ledger recording = ledger;
    if (recording == null) {
      if (mustRecord) {
        executor.execute(() ->
            refused.accept(unavailable("no ledger is set (ringfence.router.ledger.folder)", zone)));
      } else {
        go.accept(new Clearance(grant, bytes, null));
      }
      return;
    }
    if (!mustRecord && !recordsAll) {
      go.accept(new Clearance(grant, bytes, null));
      return;
    }
    var _ =
        recording
            .append(facts(grant), bytes)
            .thenCompose(receipt -> mustRecord ? witnessed(receipt) : completed(receipt))
            .whenCompleteAsync(
                (receipt, failed) -> {
                  Clearance cleared = receipt == null ? null : recorded(grant, bytes, receipt);
                  if (cleared != null) {
                    go.accept(cleared);
                  } else {
                    refused.accept(
                        unavailable(
                            failed == null ? "the grant has expired" : reason(failed), zone));
                  }
                },
                executor);
  }

  private CompletableFuture<LedgerReceipt> witnessed(LedgerReceipt receipt) {
    return witness.leaving(receipt).thenApply(_ -> receipt);
  }

  private static CompletableFuture<LedgerReceipt> completed(LedgerReceipt receipt) {
    return CompletableFuture.completedFuture(receipt);
  }

  private static boolean mustRecord(Zone zone) {
    return zone.isFartherThan(UNRECORDED);
  }

  private void check(EgressGrant grant, String requestId, int attempt) {
    if (!grant.permits(requestId, attempt, nanoClock.getAsLong())) {
      throw new EgressDeniedException(grant);
    }
  }

  /// The receipt has to be this departure's, and the grant still good after the wait.
  private @Nullable Clearance recorded(EgressGrant grant, ByteString bytes, LedgerReceipt receipt) {
    Departure departure = receipt.departure();
    boolean permits =
        grant.permits(departure.getRequestId(), departure.getAttempt(), nanoClock.getAsLong())
            && departure.getTarget().equals(grant.target().name())
            && departure.getByteCount() == bytes.size();
    return permits ? new Clearance(grant, bytes, receipt) : null;
  }

  private static Departure.Builder facts(EgressGrant grant) {
    return Departure.newBuilder()
        .setRequestId(grant.requestId())
        .setAttempt(grant.attempt())
        .setTenant(grant.tenant())
        .setPolicyVersion(grant.policyVersion())
        .setTarget(grant.target().name())
        .setZone(WireZones.toWire(grant.target().zone()))
        .setLabel(
            Label.newBuilder()
                .setFarthestZone(WireZones.toWire(grant.label().farthestZone()))
                .addAllReasons(grant.label().reasons()));
  }

  private static String reason(Throwable failed) {
    Throwable cause =
        failed instanceof CompletionException && failed.getCause() != null
            ? failed.getCause()
            : failed;
    return cause instanceof TimeoutException
        ? "the outbox did not write the event in time"
        : String.valueOf(cause.getMessage());
  }

  private static Failure unavailable(String why, Zone zone) {
    return Failures.of(
        Reason.LEDGER_UNAVAILABLE,
        "nothing leaves for zone "
            + zone.name().toLowerCase(java.util.Locale.ROOT)
            + " without a record: "
            + why);
  }
}
