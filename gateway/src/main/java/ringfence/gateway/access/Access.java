package ringfence.gateway.access;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Locale;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import ringfence.gateway.GatewayConfig;
import ringfence.gateway.openai.Zones;
import ringfence.proto.v1.Zone;
import ringfence.tls.Loopback;

/// The checks that every request passes, made from the configuration at start. What is wrong there
/// stops the start with a message that names the key.
@Singleton
public final class Access {
  private final Keys keys;
  private final Hosts hosts;
  private final Origins origins;
  private final Gate gate;

  Access(
      GatewayConfig config,
      @ConfigProperty(name = "quarkus.http.host") String address,
      @ConfigProperty(name = "quarkus.http.insecure-requests", defaultValue = "enabled")
          String plaintext,
      @ConfigProperty(name = "quarkus.management.host") String watchedAt) {
    Zone ceiling = ceiling(config.farthestZone());
    keys = new Keys(config.requireKeys(), ceiling);
    checkReach(address, keys.required(), config.https().certificate().isPresent(), plaintext);
    checkWatched(watchedAt, config.https().certificate().isPresent());
    hosts = new Hosts(keys.required(), config.allowedHosts().orElse(List.of()));
    origins = new Origins(config.allowedOrigins().orElse(List.of()));
    gate =
        new Gate(
            positive("max-requests", config.maxRequests()),
            positive("max-bodies", config.maxBodies().asLongValue()));
    positive("max-body", config.maxBody().asLongValue());
    positive("deadline", config.deadline().toMillis());
    positive("body-timeout", config.bodyTimeout().toMillis());
    positive("heartbeat", config.heartbeat().toMillis());
  }

  /// Makes the checks at start rather than at the first request.
  void start(@Observes @Priority(1) StartupEvent event) {}

  /// What other machines can reach wants keys and HTTPS.
  static void checkReach(String address, boolean keys, boolean https, String plaintext) {
    if (Loopback.isBound(address)) {
      return;
    }
    if (https && !plaintext.strip().toLowerCase(Locale.ROOT).equals("disabled")) {
      throw new ConfigurationException(
          "quarkus.http.insecure-requests="
              + plaintext
              + " would let other machines send prompts in plaintext: leave it out, or listen on"
              + " 127.0.0.1");
    }
    if (!keys || !https) {
      throw new ConfigurationException(
          "quarkus.http.host="
              + address
              + " can be reached from other machines: set "
              + (keys ? "" : "ringfence.gateway.require-keys=true")
              + (keys || https ? "" : " and ")
              + (https
                  ? ""
                  : HttpsSettings.PREFIX + ".certificate and " + HttpsSettings.PREFIX + ".key")
              + ", or listen on 127.0.0.1");
    }
  }

  /// Health and metrics beyond this machine want HTTPS.
  static void checkWatched(String address, boolean https) {
    if (!https && !Loopback.isBound(address)) {
      throw new ConfigurationException(
          "quarkus.management.host="
              + address
              + " would serve health and metrics to other machines in plaintext: set "
              + HttpsSettings.PREFIX
              + ".certificate and "
              + HttpsSettings.PREFIX
              + ".key, or leave it on 127.0.0.1");
    }
  }

  private static Zone ceiling(String name) {
    Zone zone = Zones.nearestUnlessNamed(name);
    if (!Zones.wire(zone).equals(name)) {
      throw new ConfigurationException(
          "ringfence.gateway.farthest-zone must be device, site, datacenter or external");
    }
    return zone;
  }

  private static int positive(String key, int value) {
    return Math.toIntExact(positive(key, (long) value));
  }

  private static long positive(String key, long value) {
    if (value <= 0) {
      throw new ConfigurationException("ringfence.gateway." + key + " must be above 0");
    }
    return value;
  }

  /// Who may call.
  public Keys keys() {
    return keys;
  }

  /// By which name.
  public Hosts hosts() {
    return hosts;
  }

  /// From which pages.
  public Origins origins() {
    return origins;
  }

  /// How many at one time.
  public Gate gate() {
    return gate;
  }
}
