package ringfence.tls;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;

/// Which names and addresses are this machine's own.
public final class Loopback {
  private static final Pattern IPV4 = Pattern.compile("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");

  private Loopback() {}

  /// Whether a host as it stands in a URL or a Host header, without its port, is loopback. Looks
  /// nothing up: a name that only resolves to loopback is what DNS rebinding makes.
  public static boolean isName(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return name.endsWith(".localhost") || isHost(name);
  }

  /// Whether a host to dial is this machine for certain: an address of loopback or `localhost`,
  /// without a question to any name server.
  public static boolean isHost(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.equals("[::1]")
        || name.equals("::1")
        || IPV4.matcher(name).matches();
  }

  /// Whether an address to listen on is reached from this machine alone.
  public static boolean isBound(String address) {
    try {
      return InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /// The host of `host:port`; brackets of an IPv6 address stay.
  public static String withoutPort(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon < 0 || authority.endsWith("]") ? authority : authority.substring(0, colon);
  }
}
