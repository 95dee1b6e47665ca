package ringfence.router.egress;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Loopback;
import ringfence.tls.Peer;
import ringfence.tls.Role;

/// What an operator's command line asks of a running router. No content passes here.
public final class OperatorCall {
  private static final long DEADLINE_SECONDS = 10;

  private OperatorCall() {}

  /// Empties a node, or lets it take attempts again.
  ///
  /// @param router host:port of the router's gRPC server
  /// @param links how the connection is protected
  /// @param adminKey empty: none, which will do where the router has no policy file
  /// @return attempts of that router that ran on the node
  /// @throws IllegalStateException when the router can't be reached or refuses; says why
  public static int drain(
      String router, String node, boolean resume, String adminKey, LinkSecurity links) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(
                "dns:///" + router,
                links.channel(Loopback.withoutPort(router), Peer.any(Role.ROUTER)))
            .build();
    try {
      return RoutingGrpc.newBlockingStub(channel)
          .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
          .drainNode(
              DrainNodeRequest.newBuilder()
                  .setNode(node)
                  .setResume(resume)
                  .setCredentials(
                      Credentials.newBuilder().setApiKey(ByteString.copyFromUtf8(adminKey)))
                  .build())
          .getMoving();
    } catch (StatusRuntimeException failed) {
      Status status = failed.getStatus();
      throw new IllegalStateException(
          status.getCode() == Status.Code.UNAVAILABLE
              ? "no router answers at "
                  + router
                  + "; --router names another address, and a router with TLS wants --certificates"
              : status.getDescription(),
          failed);
    } finally {
      channel.shutdownNow();
    }
  }
}
