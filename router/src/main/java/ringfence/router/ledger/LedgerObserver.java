package ringfence.router.ledger;

/// Hears what the ledger does, for metrics and logs.
public interface LedgerObserver {

  /// So many records were made durable at once.
  void committed(int records, long nanos);

  /// Records could not be made durable; what waited was refused.
  void commitFailed(String why);

  /// At start the end of an unsynced commit was cut off.
  void tailCutOff(String segment, long bytes);

  /// Retention has dropped the records up to this one.
  void dropped(long throughSequence);
}
