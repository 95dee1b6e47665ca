package ringfence.tls;

import io.grpc.BindableService;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import org.jspecify.annotations.Nullable;

/// No TLS: for processes of one machine that talk over loopback, and no others.
public final class LoopbackPlaintext implements LinkSecurity {
  private final String prefix;

  /// @param prefix of the settings that would turn TLS on
  public LoopbackPlaintext(String prefix) {
    this.prefix = prefix;
  }

  @Override
  public ServerCredentials server(String address) {
    if (!Loopback.isBound(address)) {
      throw new IllegalArgumentException(
          address
              + " can be reached from other machines: set "
              + TlsFiles.keys(prefix)
              + ", or listen on 127.0.0.1");
    }
    return InsecureServerCredentials.create();
  }

  @Override
  public ChannelCredentials channel(String host, Peer peer, Runnable revoked) {
    if (!Loopback.isHost(host)) {
      throw new IllegalArgumentException(
          host
              + " may be another machine, and nothing is sent there in plaintext: set "
              + TlsFiles.keys(prefix));
    }
    return InsecureChannelCredentials.create();
  }

  @Override
  public ServerServiceDefinition guarded(BindableService service, MethodRules rules) {
    return service.bindService();
  }

  @Override
  public @Nullable ProcessIdentity caller() {
    return null;
  }

  @Override
  public @Nullable String problem() {
    return null;
  }

  @Override
  public void close() {}
}
