package ringfence.router.egress;

import ringfence.proto.v1.GenerationRequest;
import ringfence.router.policy.EgressGrant;

/// The way out to targets.
public interface Egress {

  /// Sends an attempt to the grant's target. The listener is called from other threads, one call at
  /// a time, never from within this one.
  ///
  /// @param remainingNanos until the request's deadline
  /// @throws EgressDeniedException when the grant does not permit this request, attempt or moment
  AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remainingNanos, AttemptListener listener);

  /// Tells the grant's target, as far as it can be reached, to end the attempt whose stream was
  /// lost.
  void abandon(EgressGrant grant);
}
