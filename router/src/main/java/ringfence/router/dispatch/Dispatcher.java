package ringfence.router.dispatch;

import java.security.SecureRandom;
import java.util.function.LongSupplier;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Alarms;
import ringfence.router.egress.Egress;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.policy.Policy;
import ringfence.router.routing.Placer;

/// Starts dispatches: what they all share.
///
/// @param nanoClock monotonic; the fleet's and egress' clock too
/// @param alarms on that clock
/// @param draws what can't be guessed: seeds for requests that bring none, and what decides between
///   equals
public record Dispatcher(
    Policy policy,
    Placer placer,
    Fleet fleet,
    Egress egress,
    LongSupplier nanoClock,
    Alarms alarms,
    WaitingRoom waitingRoom,
    PrefixMemory prefixes,
    DispatchLimits limits,
    LongSupplier draws,
    DispatchObserver observer) {

  /// Numbers that can't be guessed.
  public static LongSupplier randomDraws() {
    return new SecureRandom()::nextLong;
  }

  /// A dispatch that is yet to be started.
  ///
  /// @param label what the policy has made of the request
  /// @param remainingNanos until the request's deadline
  /// @param ended called once, when nothing of the request is left
  public Dispatch dispatch(
      RouteRequest request,
      EffectiveLabel label,
      long remainingNanos,
      AnswerReader reader,
      Runnable ended) {
    long seed = request.getHasSeed() ? request.getSampling().getSeed() : draws.getAsLong();
    RouteRequest seeded =
        request.toBuilder().setSampling(request.getSampling().toBuilder().setSeed(seed)).build();
    return new Dispatch(this, seeded, label, nanoClock.getAsLong(), remainingNanos, reader, ended);
  }
}
