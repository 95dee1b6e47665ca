package ringfence.tls;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;

/// Lets a call in when its caller's certificate proves a role that may make it, and notes who it
/// is. The handshake has seen to it that the certificate is good.
final class PeerGate implements ServerInterceptor {
  static final Context.Key<ProcessIdentity> CALLER = Context.key("ringfence-caller");

  private static final Metadata.Key<Failure> TRAILER =
      Metadata.Key.of(
          "ringfence-failure-bin", ProtoUtils.metadataMarshaller(Failure.getDefaultInstance()));

  private final MethodRules rules;
  private final Revocations revocations;

  PeerGate(MethodRules rules, Revocations revocations) {
    this.rules = rules;
    this.revocations = revocations;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    Set<Role> allowed = rules.of(method);
    List<X509Certificate> chain;
    ProcessIdentity proven;
    try {
      chain = shown(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
      proven = ProcessIdentity.of(chain.getFirst());
    } catch (CertificateException unproven) {
      return refuse(call, String.valueOf(unproven.getMessage()));
    }
    if (!allowed.contains(proven.role())) {
      Set<String> words = new TreeSet<>();
      allowed.forEach(role -> words.add(role.word()));
      return refuse(
          call,
          "the certificate proves "
              + proven
              + "; "
              + method
              + " is for "
              + (words.isEmpty() ? "nobody" : String.join(", ", words)));
    }
    if (revocations.include(chain)) {
      return refuse(call, "the certificate of " + proven + " was revoked");
    }
    GuardedCall<Q, R> guarded =
        new GuardedCall<>(call, chain, trailers("the certificate of " + proven + " was revoked"));
    ServerCall.Listener<Q> service =
        Contexts.interceptCall(Context.current().withValue(CALLER, proven), guarded, headers, next);
    ServerCall.Listener<Q> listener = guarded.heardBy(service, revocations);
    revocations.watch(guarded);
    return listener;
  }

  /// The certificates of the connection, the caller's own first.
  private static List<X509Certificate> shown(@Nullable SSLSession session)
      throws CertificateException {
    try {
      List<X509Certificate> chain = new ArrayList<>();
      if (session != null) {
        for (Certificate certificate : session.getPeerCertificates()) {
          if (certificate instanceof X509Certificate one) {
            chain.add(one);
          }
        }
      }
      if (!chain.isEmpty()) {
        return chain;
      }
    } catch (SSLPeerUnverifiedException anonymous) {
      // Said below.
    }
    throw new CertificateException("no certificate was shown");
  }

  private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call, String why) {
    call.close(Status.PERMISSION_DENIED.withDescription(why), trailers(why));
    return new ServerCall.Listener<>() {};
  }

  private static Metadata trailers(String why) {
    Metadata trailers = new Metadata();
    trailers.put(
        TRAILER,
        Failure.newBuilder()
            .setReason(Failure.Reason.IDENTITY_MISMATCH)
            .setMessage(why)
            .setParameter("certificate")
            .build());
    return trailers;
  }
}
