package ringfence.router.policy;

import ringfence.proto.v1.Failure;

/// What credentials amount to.
public sealed interface Identity permits Caller, Identity.Refused {

  /// Nobody that the policy knows.
  ///
  /// @param failure says the same for an unknown, an expired and a revoked key
  record Refused(Failure failure) implements Identity {}
}
