package ringfence.gateway.openai;

import java.util.Locale;
import ringfence.proto.v1.Zone;

/// Zones as headers and configuration name them: `device`, `site`, `datacenter`, `external`.
public final class Zones {
  private Zones() {}

  /// The zone's name.
  public static String wire(Zone zone) {
    return switch (zone) {
      case ZONE_SITE -> "site";
      case ZONE_DATACENTER -> "datacenter";
      case ZONE_EXTERNAL -> "external";
      case ZONE_DEVICE, ZONE_UNSPECIFIED, UNRECOGNIZED -> "device";
    };
  }

  /// The named zone; whatever is not a zone's name is the nearest zone, so that a mistake never
  /// lets a prompt go farther.
  public static Zone nearestUnlessNamed(String name) {
    return switch (name.strip().toLowerCase(Locale.ROOT)) {
      case "site" -> Zone.ZONE_SITE;
      case "datacenter" -> Zone.ZONE_DATACENTER;
      case "external" -> Zone.ZONE_EXTERNAL;
      default -> Zone.ZONE_DEVICE;
    };
  }

  /// The nearer of two.
  public static Zone nearer(Zone one, Zone other) {
    return one.getNumber() <= other.getNumber() ? one : other;
  }
}
