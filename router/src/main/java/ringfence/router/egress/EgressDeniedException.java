package ringfence.router.egress;

import ringfence.router.policy.EgressGrant;

/// A grant does not permit what was tried with it; nothing has left.
public final class EgressDeniedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EgressDeniedException(EgressGrant grant) {
    super(grant + " does not permit this egress");
  }
}
