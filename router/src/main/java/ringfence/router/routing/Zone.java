package ringfence.router.routing;

/// Where bytes may be seen, nearest first.
public enum Zone {
  DEVICE,
  SITE,
  DATACENTER,
  EXTERNAL;

  /// Whether bytes in this zone are seen by more than those in `other`.
  public boolean isFartherThan(Zone other) {
    return compareTo(other) > 0;
  }

  /// The nearer of two.
  public static Zone nearer(Zone one, Zone other) {
    return one.isFartherThan(other) ? other : one;
  }
}
