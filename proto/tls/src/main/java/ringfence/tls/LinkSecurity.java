package ringfence.tls;

import io.grpc.BindableService;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import org.jspecify.annotations.Nullable;

/// How this process' gRPC links are protected: everything that listens or dials takes its
/// credentials from here.
public sealed interface LinkSecurity extends AutoCloseable permits LoopbackPlaintext, MutualTls {

  /// Without files: plaintext, which never leaves this machine.
  ///
  /// @param files null: none are set
  /// @param prefix of the settings' keys, for messages
  /// @param self whom the certificate has to prove
  /// @throws IllegalArgumentException when a file can't be used; the message names the setting
  static LinkSecurity of(@Nullable TlsFiles files, String prefix, Peer self) {
    return files == null ? new LoopbackPlaintext(prefix) : MutualTls.open(files, self);
  }

  /// For a server that listens on an address.
  ///
  /// @throws IllegalArgumentException when it would be reached from elsewhere without TLS
  ServerCredentials server(String address);

  /// For a channel to a host.
  ///
  /// @param peer who has to be there: the connection is broken before anything is sent to another
  /// @throws IllegalArgumentException when it would leave this machine without TLS
  default ChannelCredentials channel(String host, Peer peer) {
    return channel(host, peer, () -> {});
  }

  /// For a channel to a host.
  ///
  /// @param revoked told when the certificate that was shown at the other end is revoked: the
  ///   channel's connections are to be ended then, no new one will stand
  ChannelCredentials channel(String host, Peer peer, Runnable revoked);

  /// The service, open to those that its rules name.
  ServerServiceDefinition guarded(BindableService service, MethodRules rules);

  /// Who makes the call that is being served, as its certificate proves it; null: there is no TLS.
  @Nullable ProcessIdentity caller();

  /// What is wrong with the newest files; null: nothing, they are in force.
  @Nullable String problem();

  @Override
  void close();
}
