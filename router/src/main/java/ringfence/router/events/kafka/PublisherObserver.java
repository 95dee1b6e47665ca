package ringfence.router.events.kafka;

/// Hears how publishing goes, for metrics and logs.
public interface PublisherObserver {

  /// Topics are there and events may flow.
  void connected();

  /// So many more events were acknowledged by all replicas that must.
  void acknowledged(int events);

  /// It has to begin anew, from what was acknowledged.
  void broken(String why);
}
