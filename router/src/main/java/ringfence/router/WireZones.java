package ringfence.router;

import ringfence.router.routing.Zone;

/// Zones on the wire and in placement.
public final class WireZones {
  private WireZones() {}

  /// How far a label lets content go: what is not said or not known is the nearest zone.
  public static Zone ofLabel(ringfence.proto.v1.Zone zone) {
    return switch (zone) {
      case ZONE_SITE -> Zone.SITE;
      case ZONE_DATACENTER -> Zone.DATACENTER;
      case ZONE_EXTERNAL -> Zone.EXTERNAL;
      case ZONE_DEVICE, ZONE_UNSPECIFIED, UNRECOGNIZED -> Zone.DEVICE;
    };
  }

  /// The zone as the wire has it.
  public static ringfence.proto.v1.Zone toWire(Zone zone) {
    return switch (zone) {
      case DEVICE -> ringfence.proto.v1.Zone.ZONE_DEVICE;
      case SITE -> ringfence.proto.v1.Zone.ZONE_SITE;
      case DATACENTER -> ringfence.proto.v1.Zone.ZONE_DATACENTER;
      case EXTERNAL -> ringfence.proto.v1.Zone.ZONE_EXTERNAL;
    };
  }
}
