package ringfence.router.egress;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/// The threads on which the router's links are read and written, those to targets and those of
/// gateways alike. An event is taken from a target, looked at and written to its gateway by one of
/// them, and all events that came together leave together. They are few for that reason. A short
/// request is placed and sent by them too, because each change of threads would cost more; a long
/// one runs on other threads.
public final class LinkLoops implements AutoCloseable {
  private static final int CORES_FOR_EACH = 2;
  private static final long CLOSE_MILLIS = 2_000;

  private final EventLoopGroup loops;

  public LinkLoops() {
    loops =
        new NioEventLoopGroup(
            Math.max(1, Runtime.getRuntime().availableProcessors() / CORES_FOR_EACH),
            new DefaultThreadFactory("router-links", true));
  }

  /// Has a server read and write here.
  public NettyServerBuilder serve(NettyServerBuilder server) {
    return server
        .channelType(NioServerSocketChannel.class)
        .bossEventLoopGroup(loops)
        .workerEventLoopGroup(loops);
  }

  NettyChannelBuilder dial(NettyChannelBuilder channel) {
    return channel.channelType(NioSocketChannel.class).eventLoopGroup(loops);
  }

  @Override
  public void close() {
    var _ = loops.shutdownGracefully(0, CLOSE_MILLIS, TimeUnit.MILLISECONDS);
  }
}
