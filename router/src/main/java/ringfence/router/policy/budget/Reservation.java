package ringfence.router.policy.budget;

import ringfence.proto.v1.Failure;

/// What came of asking for a part of a budget.
public sealed interface Reservation permits Spending, Reservation.Refused {

  /// The budget does not hold it; the message says which, and what is left.
  record Refused(Failure failure) implements Reservation {}
}
