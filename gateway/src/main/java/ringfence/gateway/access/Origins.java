package ringfence.gateway.access;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringfence.tls.Loopback;

/// Which web pages may call. A page from loopback and the gateway's own may; others as configured.
/// A request from any other page is refused, not only hidden from it: a form can post without
/// asking first.
public final class Origins {
  private final boolean any;
  private final Set<String> allowed;

  /// @param allowed origins as browsers send them, or `*`
  public Origins(List<String> allowed) {
    this.any = allowed.contains("*");
    this.allowed =
        allowed.stream().map(origin -> origin.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
  }

  /// Whether a page from `origin` may call a gateway that it names `authority`.
  public boolean allows(String origin, @Nullable String authority) {
    String given = origin.toLowerCase(Locale.ROOT);
    if (any || allowed.contains(given)) {
      return true;
    }
    URI uri;
    try {
      uri = URI.create(given);
    } catch (IllegalArgumentException e) {
      return false;
    }
    String scheme = uri.getScheme();
    String host = uri.getHost();
    if (host == null || !("http".equals(scheme) || "https".equals(scheme))) {
      return false;
    }
    return Loopback.isName(host)
        || (authority != null && authority.equalsIgnoreCase(uri.getRawAuthority()));
  }
}
