package ringfence.router.dispatch;

import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Reason;
import ringfence.router.routing.Placement.Refused;

/// What a placement means for its request: it goes, waits, or is refused.
sealed interface Outlook {

  /// It goes there now.
  record Goes(Placed placed) implements Outlook {}

  /// No waiting changes it.
  record Ends(Refused refused) implements Outlook {}

  /// It waits for something.
  sealed interface Waits extends Outlook {
    /// No longer than until then.
    long untilNanos();

    /// It would take room that others could take.
    default boolean isForRoom() {
      return true;
    }

    /// Where it is refused, so is whoever asks for the same model and at least as much.
    default boolean isLikeOthers() {
      return true;
    }
  }

  /// Others wait for what it could have.
  record ForTurn(long untilNanos) implements Waits {}

  /// What could serve it is full, or away.
  record ForRoom(Refused refused, long untilNanos) implements Waits {}

  /// The router has just started, and nodes may not have reported yet.
  ///
  /// @param known what it would come to with those that have
  record ForReports(Placement known, long untilNanos) implements Waits {
    @Override
    public boolean isForRoom() {
      return false;
    }

    @Override
    public boolean isLikeOthers() {
      return known instanceof Refused refused
          && (refused.reason() == Reason.UNKNOWN_MODEL
              || refused.reason() == Reason.NO_TARGET_IN_ZONE);
    }
  }
}
