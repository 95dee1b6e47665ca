package ringfence.node.serving;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.KvType;
import ringfence.node.simulation.Simulation;
import ringfence.proto.v1.Zone;
import ringfence.telemetry.TelemetrySettings;
import ringfence.tls.Loopback;
import ringfence.tls.TlsFiles;

/// The checked settings.
///
/// @param models none where a simulation stands for them
/// @param advertise empty: as bound
/// @param telemetry null: nothing is exported
/// @param tls null: there is none, and everything is on this machine
public record NodeSettings(
    String name,
    Zone zone,
    List<String> models,
    Optional<Simulation> simulation,
    BackendKind backend,
    String device,
    boolean deterministic,
    int gpuLayers,
    KvType kvType,
    HostPort listen,
    Optional<HostPort> advertise,
    List<HostPort> routers,
    int threads,
    OptionalInt contextLength,
    long kvBytes,
    int maxSequences,
    int maxWaiting,
    int batchTokens,
    Duration defaultDeadline,
    Duration drainLimit,
    int maxRequestBytes,
    @Nullable TelemetrySettings telemetry,
    @Nullable TlsFiles tls) {
  static final String TLS = "ringfence.node.tls";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /// A network address.
  public record HostPort(String host, int port) {

    /// Reads `host:port`; IPv6 hosts stand in brackets.
    static HostPort parse(String key, String text, int lowestPort) {
      int colon = text.lastIndexOf(':');
      try {
        String host = text.substring(0, Math.max(colon, 0)).replaceAll("^\\[|]$", "");
        int port = Integer.parseInt(text.substring(colon + 1).strip());
        if (!host.isBlank() && port >= lowestPort && port <= 65535) {
          return new HostPort(host.strip(), port);
        }
      } catch (NumberFormatException e) {
        // Said below, with the whole value.
      }
      throw wrong(key, "'" + text + "' is not host:port");
    }

    /// True where it stands for all addresses of this machine.
    boolean isAny() {
      try {
        return InetAddress.getByName(host).isAnyLocalAddress();
      } catch (UnknownHostException e) {
        return false;
      }
    }

    @Override
    public String toString() {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /// Checks the settings.
  ///
  /// @throws IllegalArgumentException naming the key and what it may be
  public static NodeSettings check(NodeConfig config) {
    HostPort listen = HostPort.parse("listen-address", config.listenAddress(), 0);
    TlsFiles tls = TlsFiles.of(TLS, config.tls());
    if (tls == null && !Loopback.isBound(listen.host())) {
      throw wrong(
          "listen-address",
          "'"
              + listen
              + "' is reachable from other machines: set "
              + TlsFiles.keys(TLS)
              + ", or use a loopback address such as 127.0.0.1:7420");
    }
    Optional<HostPort> advertise = config.advertise().map(a -> HostPort.parse("advertise", a, 1));
    if (advertise.isEmpty() && listen.isAny()) {
      throw wrong(
          "advertise", "is needed where listen-address is " + listen + ": how routers reach it");
    }
    List<HostPort> routers =
        config.routers().stream().map(r -> HostPort.parse("routers", r, 1)).toList();
    if (tls == null) {
      advertise.ifPresent(address -> mustBeHere("advertise", address));
      routers.forEach(router -> mustBeHere("routers", router));
    }
    String name = config.name().orElseGet(() -> hostName() + "-" + listen.port());
    if (!NAME.matcher(name).matches()) {
      throw wrong("name", "'" + name + "' is not 1 to 64 characters of A-Z a-z 0-9 . _ -");
    }
    List<String> models =
        config.models().orElse(List.of()).stream()
            .map(String::strip)
            .filter(m -> !m.isEmpty())
            .toList();
    Optional<Simulation> simulation = config.simulate().map(NodeSettings::simulation);
    if (models.isEmpty() && simulation.isEmpty()) {
      throw wrong("models", "no model is named: give a catalogue name or a GGUF file (--model)");
    }
    if (!models.isEmpty() && simulation.isPresent()) {
      throw wrong("simulate", "a node with models computes: leave out one of models and simulate");
    }
    OptionalInt slots = simulation.isPresent() ? simulation.get().slots() : OptionalInt.empty();
    if (config.routers().size() > 64) {
      throw wrong("routers", "at most 64 routers");
    }
    return new NodeSettings(
        name,
        zone(config.zone()),
        models,
        simulation,
        backend(config.backend()),
        config.device().orElse("").strip(),
        config.deterministic(),
        gpuLayers(config.gpuLayers()),
        kvType(config.kvType()),
        listen,
        advertise,
        routers,
        config.threads().isPresent()
            ? within("threads", config.threads().getAsInt(), 1, 1024)
            : Runtime.getRuntime().availableProcessors(),
        config.contextLength().isPresent()
            ? OptionalInt.of(
                within("context-length", config.contextLength().getAsInt(), 16, 1 << 24))
            : OptionalInt.empty(),
        within("kv-memory", config.kvMemory().asLongValue(), 1L << 20, 1L << 44),
        slots.isPresent()
            ? slots.getAsInt()
            : (int) within("max-sequences", (long) config.maxSequences(), 1, 1024),
        within("max-waiting", config.maxWaiting(), 0, 1 << 16),
        within("batch-tokens", config.batchTokens(), config.maxSequences() + 1, 8192),
        positive("default-deadline", config.defaultDeadline()),
        positive("drain-limit", config.drainLimit()),
        (int) within("max-request", config.maxRequest().asLongValue(), 1L << 10, 1L << 30),
        TelemetrySettings.of("ringfence.node.telemetry", config.telemetry()),
        tls);
  }

  private static void mustBeHere(String key, HostPort address) {
    if (!Loopback.isHost(address.host())) {
      throw wrong(key, "'" + address + "' may be another machine: set " + TlsFiles.keys(TLS));
    }
  }

  /// What concerns each model.
  ServedModel.Options served() {
    return new ServedModel.Options(
        backend,
        device,
        deterministic,
        gpuLayers,
        kvType,
        threads,
        contextLength,
        kvBytes,
        maxSequences,
        maxWaiting,
        batchTokens);
  }

  private static Zone zone(String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "device" -> Zone.ZONE_DEVICE;
      case "site" -> Zone.ZONE_SITE;
      case "datacenter" -> Zone.ZONE_DATACENTER;
      case "external" -> Zone.ZONE_EXTERNAL;
      default ->
          throw wrong("zone", "'" + text + "' is none of device, site, datacenter, external");
    };
  }

  private static Simulation simulation(String text) {
    try {
      return Simulation.parse(text);
    } catch (IllegalArgumentException e) {
      throw wrong("simulate", String.valueOf(e.getMessage()));
    }
  }

  private static BackendKind backend(String text) {
    return BackendKind.named(text)
        .orElseThrow(() ->
            wrong(
                "backend", "'" + text + "' is none of " + String.join(", ", BackendKind.names())));
  }

  private static KvType kvType(String text) {
    return KvType.named(text)
        .orElseThrow(() ->
            wrong("kv-type", "'" + text + "' is none of " + String.join(", ", KvType.names())));
  }

  private static int gpuLayers(String text) {
    if (text.strip().equalsIgnoreCase("auto")) {
      return BackendOptions.ALL_THAT_FIT;
    }
    try {
      return within("gpu-layers", Integer.parseInt(text.strip()), 1, 4096);
    } catch (NumberFormatException e) {
      throw wrong("gpu-layers", "'" + text + "' is neither auto nor a number");
    }
  }

  private static int within(String key, int value, int low, int high) {
    return (int) within(key, (long) value, low, high);
  }

  private static long within(String key, long value, long low, long high) {
    if (value < low || value > high) {
      throw wrong(key, value + " is not between " + low + " and " + high);
    }
    return value;
  }

  private static Duration positive(String key, Duration value) {
    if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
      throw wrong(key, value + " is not between 0 and a day");
    }
    return value;
  }

  private static IllegalArgumentException wrong(String key, String why) {
    return new IllegalArgumentException("ringfence.node." + key + ": " + why);
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "-");
    } catch (UnknownHostException e) {
      return "node";
    }
  }
}
