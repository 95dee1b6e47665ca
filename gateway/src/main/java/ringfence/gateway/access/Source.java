package ringfence.gateway.access;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/// Where a request comes from, as far as wrong keys are counted.
public final class Source {
  private static final int NETWORK_BYTES = 8;

  private Source() {}

  /// The client's address. Whoever has one of IPv6 has its whole network of 64 bits: that counts as
  /// one.
  ///
  /// @param address as the socket has it
  public static String of(String address) {
    try {
      return InetAddress.ofLiteral(address) instanceof Inet6Address wide
          ? HexFormat.of().formatHex(Arrays.copyOf(wide.getAddress(), NETWORK_BYTES)) + "/64"
          : address;
    } catch (IllegalArgumentException unusual) {
      return address;
    }
  }
}
