package ringfence.router.dispatch;

import org.jspecify.annotations.Nullable;
import ringfence.router.Alarms.Alarm;

/// The attempts of one request that run now. One is listened to. Beside it there may be a rival: a
/// hedge, which races it to the first token, or the next home of an answer whose node drains, which
/// warms up to take over. Guarded by its dispatch's lock.
final class Race {
  private @Nullable Attempt current;
  private @Nullable Attempt rival;
  private boolean rivalWarms;
  private @Nullable Alarm hedgeAlarm;

  /// What the first token of an attempt decides.
  enum Lead {
    /// It is listened to, and the rival goes on warming up.
    STAYS,
    /// It has won: the other one, if any, is to end.
    WINS,
    /// It has computed the prompt for an answer that has moved on meanwhile.
    WARMED
  }

  @Nullable Attempt current() {
    return current;
  }

  @Nullable Attempt rival() {
    return rival;
  }

  boolean has(Attempt attempt) {
    return attempt == current || attempt == rival;
  }

  boolean isCurrent(Attempt attempt) {
    return attempt == current;
  }

  boolean isRival(Attempt attempt) {
    return attempt == rival;
  }

  /// Another attempt than the one that is listened to may still be the one that answers.
  boolean isOpen() {
    return rival != null || hedgeAlarm != null;
  }

  void listenTo(@Nullable Attempt attempt) {
    current = attempt;
  }

  /// @param warms it is to take over, not to race
  void rival(@Nullable Attempt attempt, boolean warms) {
    rival = attempt;
    rivalWarms = warms;
  }

  void hedgeAt(Alarm alarm) {
    hedgeAlarm = alarm;
  }

  /// The time for a hedge has come.
  void hedgeDue() {
    hedgeAlarm = null;
  }

  void cancelHedge() {
    if (hedgeAlarm != null) {
      hedgeAlarm.cancel();
      hedgeAlarm = null;
    }
  }

  /// The rival is the one that is listened to.
  void promote() {
    current = rival;
    rival = null;
    rivalWarms = false;
    cancelHedge();
  }

  /// None runs any more, and none will be started beside another.
  void clear() {
    cancelHedge();
    current = null;
    rival = null;
    rivalWarms = false;
  }

  /// The other one of the two.
  @Nullable Attempt besides(Attempt attempt) {
    return attempt == current ? rival : current;
  }

  /// @param movedOn so much was delivered while the attempt computed the prompt that repeating it
  ///   would be seen as a pause
  Lead leads(Attempt attempt, boolean movedOn) {
    cancelHedge();
    if (rivalWarms && rival != null && attempt == current) {
      return Lead.STAYS;
    }
    return rivalWarms && current != null && attempt == rival && movedOn ? Lead.WARMED : Lead.WINS;
  }

  /// From now on it is the only one.
  void won(Attempt attempt) {
    current = attempt;
    rival = null;
    rivalWarms = false;
  }
}
