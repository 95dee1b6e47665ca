package ringfence.router.fleet;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// An attempt in flight, counted into its target's load; what it meets corrects the target's
/// speeds. Its owner calls it from one thread at a time.
public final class InFlight {
  private final Fleet fleet;
  private final LongSupplier nanoClock;
  private final @Nullable FleetNode node;
  private final String model;
  private final FleetNode.Sent sent;
  private final int sequences;
  private final long prefillTokens;
  private final long begunNanos;
  private long promptTokens;
  private long firstNanos;
  private long lastNanos;
  private int tokens;
  private boolean held;
  private boolean ended;

  /// @param node null: the target is no node of the fleet, and nothing is counted
  /// @param waitingBefore prompt tokens that waited there already
  InFlight(
      Fleet fleet,
      LongSupplier nanoClock,
      @Nullable FleetNode node,
      String model,
      FleetNode.Sent sent,
      int sequences,
      long promptTokens,
      long waitingBefore) {
    this.fleet = fleet;
    this.nanoClock = nanoClock;
    this.node = node;
    this.model = model;
    this.sent = sent;
    this.sequences = sequences;
    this.promptTokens = promptTokens;
    this.prefillTokens = promptTokens + waitingBefore;
    this.begunNanos = nanoClock.getAsLong();
  }

  /// A token has come; with the first one its prompt no longer waits.
  public void token() {
    lastNanos = nanoClock.getAsLong();
    if (tokens++ == 0) {
      firstNanos = lastNanos;
      fleet.counts(node, () -> count(false), false);
    }
  }

  /// The reader lags: what is seen from now on says nothing of the target's speed.
  public void held() {
    held = true;
  }

  /// The attempt has ended.
  public void ended() {
    fleet.counts(node, () -> count(true), true);
  }

  private Observation observation(FleetNode on) {
    boolean decoded = !held && tokens > sequences;
    return new Observation(
        on.batch(model),
        prefillTokens,
        (firstNanos - begunNanos) / 1e9,
        decoded ? tokens / sequences - 1 : 0,
        (lastNanos - firstNanos) / 1e9);
  }

  /// Under the fleet's lock; false: it had ended before.
  private boolean count(boolean end) {
    if (ended) {
      return false;
    }
    sent.prefilled(promptTokens);
    promptTokens = 0;
    if (end) {
      ended = true;
      sent.ended(sequences);
    }
    if (node != null && end && tokens > 0) {
      node.learned(model, observation(node));
    }
    return true;
  }
}
