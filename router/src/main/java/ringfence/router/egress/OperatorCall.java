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

/// What an operator's command line asks of a running router. No content passes here.
public final class OperatorCall {
  private static final long DEADLINE_SECONDS = 10;

  private OperatorCall() {}

  /// Empties a node, or lets it take attempts again.
  ///
  /// @param router host:port of the router's gRPC server
  /// @param adminKey empty: none, which will do where the router has no policy file
  /// @return attempts of that router that ran on the node
  /// @throws IllegalStateException when the router can't be reached or refuses; says why
  public static int drain(String router, String node, boolean resume, String adminKey) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget("dns:///" + router).usePlaintext().build();
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
              ? "no router answers at " + router + "; --router names another address"
              : status.getDescription(),
          failed);
    } finally {
      channel.shutdownNow();
    }
  }
}
