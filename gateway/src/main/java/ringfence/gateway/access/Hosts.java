package ringfence.gateway.access;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.tls.Loopback;

/// By which names the gateway may be called. Without keys only loopback's own: a web page whose
/// name an attacker's DNS points at this machine (DNS rebinding) sends that name as Host.
public final class Hosts {
  private final boolean any;
  private final Set<String> allowed;

  /// @param any keys protect the gateway: every name will do
  /// @param allowed names beside loopback's
  public Hosts(boolean any, List<String> allowed) {
    this.any = any;
    this.allowed =
        allowed.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
  }

  /// Throws [ApiError] with status 403.
  public void check(@Nullable String authority) {
    if (any) {
      return;
    }
    String host = authority == null ? "" : Loopback.withoutPort(authority).toLowerCase(Locale.ROOT);
    if (!Loopback.isName(host) && !allowed.contains(host)) {
      throw ApiError.refused(
          403,
          null,
          "host_not_allowed",
          "This gateway answers to loopback names alone; 'ringfence.gateway.allowed-hosts' adds others.");
    }
  }
}
