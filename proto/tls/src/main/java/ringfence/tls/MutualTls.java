package ringfence.tls;

import io.grpc.BindableService;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettySslContextChannelCredentials;
import io.grpc.netty.NettySslContextServerCredentials;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// TLS 1.3 with certificates on both sides. The files are looked at every so often; what has
/// changed is used by every connection from then on, and a change that can't be used leaves in
/// force what was there before.
public final class MutualTls implements LinkSecurity {
  private static final Logger LOG = Logger.getLogger(MutualTls.class);
  private static final String PROTOCOL = "TLSv1.3";
  private static final Duration EXPIRES_SOON = Duration.ofDays(7);

  // A resumed session would skip the checks of certificates, which may have changed or expired
  // since. A server of the JDK sends no tickets when sessions would live longer than the seven days
  // that TLS 1.3 allows for one.
  private static final long NO_TICKETS_SECONDS = Duration.ofDays(8).toSeconds();

  // Nor would a client of ours resume one with a server that sends tickets.
  private static final long SHORTEST_SECONDS = 1;

  private final TlsFiles files;
  private final Peer self;
  private final InstantSource clock;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager authorities;
  private final ScheduledExecutorService watch;
  private final RefusalLog refusals;
  private final Revocations revocations = new Revocations();
  private Credentials.Read seen;
  private Credentials inForce;
  private boolean toldOfExpiry;
  private volatile @Nullable String problem;

  private MutualTls(TlsFiles files, Peer self, InstantSource clock)
      throws IOException, GeneralSecurityException {
    this.files = files;
    this.self = self;
    this.clock = clock;
    refusals = new RefusalLog(clock);
    authorities =
        AdvancedTlsX509TrustManager.newBuilder()
            .setVerification(Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION)
            .build();
    seen = Credentials.Read.of(files);
    inForce = Credentials.of(seen, self, clock.instant());
    use(inForce);
    watch =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("tls-files").daemon().factory());
    long poll = files.poll().toMillis();
    var _ = watch.scheduleWithFixedDelay(this::look, poll, poll, TimeUnit.MILLISECONDS);
  }

  /// Reads the files and follows them from then on.
  ///
  /// @param self whom the certificate has to prove
  /// @throws IllegalArgumentException when they can't be used; the message names the setting
  public static MutualTls open(TlsFiles files, Peer self) {
    return open(files, self, InstantSource.system());
  }

  static MutualTls open(TlsFiles files, Peer self, InstantSource clock) {
    try {
      return new MutualTls(files, self, clock);
    } catch (IOException | GeneralSecurityException unusable) {
      throw new IllegalArgumentException(
          files.prefix() + " can't be used: " + unusable.getMessage(), unusable);
    }
  }

  private void use(Credentials credentials) throws IOException, GeneralSecurityException {
    authorities.updateTrustCredentials(credentials.authorities().toArray(new X509Certificate[0]));
    keys.updateIdentityCredentials(
        credentials.own().chain().toArray(new X509Certificate[0]), credentials.own().key());
    revocations.use(credentials.revoked());
    LOG.infof(
        "%s: this process is %s, until %s",
        files.prefix(), credentials.identity(), credentials.own().validUntil());
    toldOfExpiry = false;
    tellOfExpiry(credentials);
  }

  private void tellOfExpiry(Credentials credentials) {
    if (!toldOfExpiry
        && clock.instant().plus(EXPIRES_SOON).isAfter(credentials.own().validUntil())) {
      toldOfExpiry = true;
      LOG.warnf(
          "%s.certificate: %s expires on %s",
          files.prefix(), files.certificate(), credentials.own().validUntil());
    }
  }

  /// Looks at the files, and uses what has changed.
  synchronized void look() {
    try {
      tellOfExpiry(inForce);
      Credentials.Read read = Credentials.Read.of(files);
      if (read.sameAs(seen)) {
        return;
      }
      Credentials changed = Credentials.of(read, self, clock.instant());
      use(changed);
      inForce = changed;
      seen = read;
      problem = null;
    } catch (IOException | GeneralSecurityException | RuntimeException unusable) {
      String why = String.valueOf(unusable.getMessage());
      if (!why.equals(problem)) {
        problem = why;
        LOG.errorf("%s; the certificates that were read before stay in force", why);
      }
    }
  }

  @Override
  public @Nullable String problem() {
    return problem;
  }

  @Override
  public ServerCredentials server(String address) {
    try {
      return NettySslContextServerCredentials.create(
          GrpcSslContexts.configure(
                  SslContextBuilder.forServer(keys)
                      .trustManager(new ClientTrust(authorities, revocations, refusals::refused))
                      .clientAuth(ClientAuth.REQUIRE)
                      .protocols(PROTOCOL)
                      .sessionTimeout(NO_TICKETS_SECONDS),
                  SslProvider.JDK)
              .build());
    } catch (SSLException unusable) {
      throw new IllegalStateException("TLS 1.3 can't be served", unusable);
    }
  }

  @Override
  public ChannelCredentials channel(String host, Peer peer, Runnable revoked) {
    try {
      return NettySslContextChannelCredentials.create(
          GrpcSslContexts.configure(
                  SslContextBuilder.forClient()
                      .keyManager(keys)
                      .trustManager(
                          new PeerTrust(authorities, revocations, peer, revoked, refusals::refused))
                      .protocols(PROTOCOL)
                      .sessionTimeout(SHORTEST_SECONDS),
                  SslProvider.JDK)
              .build());
    } catch (SSLException unusable) {
      throw new IllegalStateException("TLS 1.3 can't be dialled", unusable);
    }
  }

  @Override
  public ServerServiceDefinition guarded(BindableService service, MethodRules rules) {
    return ServerInterceptors.intercept(service, new PeerGate(rules, revocations));
  }

  @Override
  public ProcessIdentity caller() {
    ProcessIdentity caller = PeerGate.CALLER.get();
    if (caller == null) {
      throw new IllegalStateException("the service is not guarded");
    }
    return caller;
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
