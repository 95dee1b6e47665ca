package ringfence.router.egress;

import com.google.protobuf.ByteString;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import ringfence.proto.v1.Failure;
import ringfence.router.ledger.Ledger;
import ringfence.router.policy.EgressGrant;

/// The real last door, for a simulation that carries by itself what was cleared.
public final class OpenExit {
  private final Exit exit;

  public OpenExit(Ledger ledger, LongSupplier nanoClock, Executor executor) {
    this.exit = new Exit(ledger, false, nanoClock, executor);
  }

  public void depart(
      EgressGrant grant,
      String requestId,
      int attempt,
      ByteString bytes,
      Runnable go,
      Consumer<Failure> refused) {
    exit.depart(grant, requestId, attempt, bytes, _ -> go.run(), refused);
  }
}
