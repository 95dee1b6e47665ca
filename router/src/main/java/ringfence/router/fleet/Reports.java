package ringfence.router.fleet;

import com.google.protobuf.ByteString;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.ServedModel;
import ringfence.router.routing.Speeds;
import ringfence.router.routing.Zone;

/// What a node's reports must be to be believed. Each error names the field.
final class Reports {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern ADDRESS =
      Pattern.compile("(?:[A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.%]{2,64}\\]):([0-9]{1,5})");
  private static final int MAX_MODELS = 256;
  private static final int MAX_SPEEDS = 64;
  private static final int MAX_TEXT = 256;

  private Reports() {}

  static void check(NodeRegistration registration) throws RefusedReportException {
    if (!NAME.matcher(registration.getNode()).matches()) {
      throw refused("registration.node", "1 to 64 characters of A-Z a-z 0-9 . _ - expected");
    }
    text("registration.incarnation", registration.getIncarnationBytes(), 1);
    zone(registration.getZone());
    address(registration.getAddress());
    text("registration.version", registration.getVersionBytes(), 0);
    text("registration.backend", registration.getBackendBytes(), 0);
    text("registration.device", registration.getDeviceBytes(), 0);
    text("registration.numerics", registration.getNumericsBytes(), 0);
    if (registration.getModelsCount() > MAX_MODELS) {
      throw refused("registration.models", "at most " + MAX_MODELS + " expected");
    }
    Set<String> names = new HashSet<>();
    for (int i = 0; i < registration.getModelsCount(); i++) {
      ServedModel model = registration.getModels(i);
      check("registration.models[" + i + "]", model);
      if (!names.add(model.getName())) {
        throw refused("registration.models[" + i + "].name", "named twice");
      }
    }
  }

  private static void check(String field, ServedModel model) throws RefusedReportException {
    text(field + ".name", model.getNameBytes(), 1);
    if (!DIGEST.matcher(model.getDigest()).matches()) {
      throw refused(field + ".digest", "a SHA-256 of 64 lower-case hex digits expected");
    }
    text(field + ".architecture", model.getArchitectureBytes(), 0);
    positive(field + ".context_length", model.getContextLength());
    positive(field + ".kv_tokens", model.getKvTokens());
    positive(field + ".max_sequences", model.getMaxSequences());
    speeds(field + ".speeds", model.getSpeedsCount());
  }

  static void check(NodeLoad load) throws RefusedReportException {
    if (load.getState() != NodeState.NODE_STATE_READY
        && load.getState() != NodeState.NODE_STATE_DRAINING) {
      throw refused("load.state", "ready or draining expected");
    }
    if (load.getModelsCount() > MAX_MODELS) {
      throw refused("load.models", "at most " + MAX_MODELS + " expected");
    }
    for (int i = 0; i < load.getModelsCount(); i++) {
      ModelLoad model = load.getModels(i);
      String field = "load.models[" + i + "]";
      text(field + ".model", model.getModelBytes(), 1);
      notNegative(field + ".running_sequences", model.getRunningSequences());
      notNegative(field + ".waiting_sequences", model.getWaitingSequences());
      notNegative(field + ".waiting_prompt_tokens", model.getWaitingPromptTokens());
      speeds(field + ".speeds", model.getSpeedsCount());
    }
  }

  /// A node that does not say where it is could be anywhere: unlike a label, this has no safe
  /// reading.
  static Zone zone(ringfence.proto.v1.Zone zone) throws RefusedReportException {
    return switch (zone) {
      case ZONE_DEVICE -> Zone.DEVICE;
      case ZONE_SITE -> Zone.SITE;
      case ZONE_DATACENTER -> Zone.DATACENTER;
      case ZONE_EXTERNAL, ZONE_UNSPECIFIED, UNRECOGNIZED ->
          throw refused("registration.zone", "device, site or datacenter expected");
    };
  }

  static Speeds speeds(List<MeasuredSpeed> speeds) {
    return Speeds.of(
        speeds.stream()
            .map(speed ->
                new Speeds.Measured(
                    speed.getBatchSize(),
                    speed.getDecodeTokensPerSecond(),
                    speed.getPrefillTokensPerSecond()))
            .toList());
  }

  private static void address(String address) throws RefusedReportException {
    var matcher = ADDRESS.matcher(address);
    if (!matcher.matches()) {
      throw refused("registration.address", "host:port expected");
    }
    int port = Integer.parseInt(matcher.group(1));
    if (port < 1 || port > 65_535) {
      throw refused("registration.address", "a port of 1 to 65535 expected");
    }
  }

  private static void text(String field, ByteString value, int least)
      throws RefusedReportException {
    if (value.size() < least || value.size() > MAX_TEXT) {
      throw refused(field, least + " to " + MAX_TEXT + " bytes expected");
    }
  }

  private static void positive(String field, int value) throws RefusedReportException {
    if (value < 1) {
      throw refused(field, "1 to 2147483647 expected");
    }
  }

  private static void notNegative(String field, int value) throws RefusedReportException {
    if (value < 0) {
      throw refused(field, "at most 2147483647 expected");
    }
  }

  private static void speeds(String field, int count) throws RefusedReportException {
    if (count > MAX_SPEEDS) {
      throw refused(field, "at most " + MAX_SPEEDS + " expected");
    }
  }

  private static RefusedReportException refused(String field, String problem) {
    return new RefusedReportException(field, problem);
  }
}
