package ringfence.router.simulation;

/// An invariant does not hold.
final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;
  final transient Rule rule;

  /// What must always be true.
  enum Rule {
    /// An answer's tokens come without a gap, are the right ones, and a complete answer has them
    /// all.
    NothingLost,
    /// No token, finish or end comes twice.
    NothingTwice,
    /// No byte of a prompt reaches a target farther than its label.
    NeverOutsideZone,
    /// No byte leaves the site before a record of it is durable; a ledger can be opened again after
    /// any power cut.
    LedgerBeforeBytes,
    /// No tenant gets more of one router than its budget holds.
    BudgetHolds,
    /// What nobody wants any more is soon no longer computed.
    NoOrphanSequence,
    /// A request ends, once, by its deadline.
    EveryRequestEnds,
    /// Nobody is refused for want of a node that the router has just lost.
    LostNodesAreAwaited,
    /// Nobody is refused for want of a node that may not have reported yet after a router's start.
    FirstReportsAreAwaited,
    /// Nothing leaves the site while nearer nodes may not have reported yet and there is time.
    NearNodesAreAwaited
  }

  Violation(Rule rule, String what) {
    super(rule + ": " + what);
    this.rule = rule;
  }
}
