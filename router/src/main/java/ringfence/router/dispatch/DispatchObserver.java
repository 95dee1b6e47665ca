package ringfence.router.dispatch;

import ringfence.proto.v1.Failure;

/// Hears what dispatches do, for metrics and logs; none of it is content.
public interface DispatchObserver {

  /// A placement was made or refused in that time.
  void placed(long nanos);

  /// An attempt was sent.
  void attemptBegun(AttemptFacts attempt);

  /// An attempt has ended.
  ///
  /// @param reason `REASON_UNSPECIFIED` when it completed
  void attemptEnded(AttemptFacts attempt, Failure.Reason reason);

  /// Another attempt was started beside or after one that had not failed.
  void moved(Cause cause);

  /// An answer that had begun goes on from another attempt.
  ///
  /// @param nanos from the last token before to the first one after
  void resumed(long nanos);

  /// A request has waited for room.
  ///
  /// @param found room; otherwise it gave up or was given up
  void waited(long nanos, boolean found);

  /// A request has ended.
  ///
  /// @param reason `REASON_UNSPECIFIED` when it completed
  void requestEnded(String requestId, Failure.Reason reason);

  /// Why an attempt was started although the one before had not failed.
  enum Cause {
    /// No token within the stall limit.
    STALLED,
    /// No first token within the hedging time.
    HEDGED,
    /// The node drains.
    DRAINED
  }
}
