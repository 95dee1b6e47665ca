package ringfence.router.dispatch;

import ringfence.proto.v1.Failure;
import ringfence.router.routing.TargetView;

/// Hears what dispatches do, for metrics and logs; none of it is content.
public interface DispatchObserver {

  /// A placement was made or refused in that time.
  void placed(long nanos);

  /// An attempt was sent.
  void attemptBegun(TargetView target);

  /// An attempt has ended.
  ///
  /// @param reason `REASON_UNSPECIFIED` when it completed
  void attemptEnded(String requestId, int attempt, TargetView target, Failure.Reason reason);

  /// A request has ended.
  ///
  /// @param reason `REASON_UNSPECIFIED` when it completed
  void requestEnded(String requestId, Failure.Reason reason);
}
