package ringfence.gateway;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import ringfence.telemetry.TelemetryConfig;
import ringfence.tls.TlsConfig;

/// What an operator can set. Address and port are Quarkus' own: `quarkus.http.host`,
/// `quarkus.http.port`.
@ConfigMapping(prefix = "ringfence.gateway")
public interface GatewayConfig {
  /// Addresses of routers, `host:port`, at least one; the next is tried when one can't be reached.
  @WithDefault("127.0.0.1:7410")
  List<String> routers();

  /// How long a request may take, from its arrival to the answer's end.
  @WithDefault("10m")
  Duration deadline();

  /// The farthest zone that any request may reach; a key's own ceiling and a request's header can
  /// only come nearer.
  @WithDefault("site")
  String farthestZone();

  /// Requests at one time; one more gets 503.
  @WithDefault("512")
  int maxRequests();

  /// The longest body of a request; a longer one gets 413.
  @WithDefault("16M")
  MemorySize maxBody();

  /// Bodies held at one time, all requests together; one more gets 503.
  @WithDefault("256M")
  MemorySize maxBodies();

  /// How long a client may take to send its body; a slower one gets 408.
  @WithDefault("30s")
  Duration bodyTimeout();

  /// A stream that is silent for so long gets a comment.
  @WithDefault("15s")
  Duration heartbeat();

  /// Whether every request needs an API key, which the router's policy must know. Without it the
  /// gateway listens on loopback alone; a router with a policy wants keys all the same.
  @WithDefault("false")
  boolean requireKeys();

  /// Origins whose pages may call, such as `https://chat.example.org`, beside pages from loopback;
  /// `*` is any.
  Optional<List<String>> allowedOrigins();

  /// Host names by which the gateway may be called without keys, beside loopback's.
  Optional<List<String>> allowedHosts();

  /// Certificates for the links to routers; without them routers are on this machine.
  TlsConfig tls();

  /// Where traces and metrics are exported to, and which traces.
  Telemetry telemetry();

  /// The gateway is where traces begin: routers and nodes keep what it keeps.
  interface Telemetry extends TelemetryConfig {

    /// The part of requests whose traces are kept, 0 to 1.
    @WithDefault("0.1")
    double sampling();
  }

  /// HTTPS for clients; without it `quarkus.http.port` speaks HTTP, on loopback alone.
  Https https();

  /// The certificate that clients see.
  interface Https {

    /// PEM: the certificate, then those between it and the authority.
    Optional<Path> certificate();

    /// PEM: its private key, PKCS#8, without a password.
    Optional<Path> key();

    /// How often the files are looked at for changes.
    @WithDefault("10s")
    Duration poll();
  }
}
