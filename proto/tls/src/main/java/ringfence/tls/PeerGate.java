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
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import ringfence.proto.v1.Failure;

/// Lets a call in when its caller's certificate proves a role that may make it, and notes who it
/// is. The handshake has seen to it that the certificate is good.
final class PeerGate implements ServerInterceptor {
  static final Context.Key<ProcessIdentity> CALLER = Context.key("ringfence-caller");

  private static final Metadata.Key<Failure> TRAILER =
      Metadata.Key.of(
          "ringfence-failure-bin", ProtoUtils.metadataMarshaller(Failure.getDefaultInstance()));

  private final MethodRules rules;

  PeerGate(MethodRules rules) {
    this.rules = rules;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    Set<Role> allowed = rules.of(method);
    ProcessIdentity proven;
    try {
      proven = proven(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
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
    return Contexts.interceptCall(Context.current().withValue(CALLER, proven), call, headers, next);
  }

  private static ProcessIdentity proven(@org.jspecify.annotations.Nullable SSLSession session)
      throws CertificateException {
    try {
      Certificate[] chain = session == null ? new Certificate[0] : session.getPeerCertificates();
      if (chain.length > 0 && chain[0] instanceof X509Certificate leaf) {
        return ProcessIdentity.of(leaf);
      }
    } catch (SSLPeerUnverifiedException anonymous) {
      // Said below.
    }
    throw new CertificateException("no certificate was shown");
  }

  private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call, String why) {
    Metadata trailers = new Metadata();
    trailers.put(
        TRAILER,
        Failure.newBuilder()
            .setReason(Failure.Reason.IDENTITY_MISMATCH)
            .setMessage(why)
            .setParameter("certificate")
            .build());
    call.close(Status.PERMISSION_DENIED.withDescription(why), trailers);
    return new ServerCall.Listener<>() {};
  }
}
