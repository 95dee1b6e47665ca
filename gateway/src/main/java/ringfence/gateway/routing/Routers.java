package ringfence.gateway.routing;

import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Context;
import io.vertx.core.impl.ContextInternal;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.GatewayConfig;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.ListModelsResponse;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Peer;
import ringfence.tls.Role;
import ringfence.tls.TlsFiles;

/// The channels to the routers, one to each for each event loop, kept open.
@Singleton
public final class Routers {
  /// Bytes of an answer that may wait in this process for a client that reads slowly; then the
  /// router has to wait.
  private static final int STREAM_WINDOW = 64 * 1024;

  private static final int CONNECT_MILLIS = 2000;

  private static final String TLS = "ringfence.gateway.tls";

  private final LinkSecurity links;
  private final List<RouterLink> routers;
  private final AtomicInteger turn = new AtomicInteger();

  @Inject
  Routers(GatewayConfig config) {
    this(config.routers(), links(config));
  }

  /// @param addresses `host:port` each, at least one
  /// @param links how the channels are protected
  Routers(List<String> addresses, LinkSecurity links) {
    this.links = links;
    routers = addresses.stream().map(address -> link(address, links)).toList();
    if (routers.isEmpty()) {
      throw new ConfigurationException("ringfence.gateway.routers must name a router, host:port");
    }
  }

  private static LinkSecurity links(GatewayConfig config) {
    try {
      return LinkSecurity.of(TlsFiles.of(TLS, config.tls()), TLS, Peer.any(Role.GATEWAY));
    } catch (IllegalArgumentException unusable) {
      throw new ConfigurationException(String.valueOf(unusable.getMessage()), unusable);
    }
  }

  private static RouterLink link(String address, LinkSecurity links) {
    int colon = address.lastIndexOf(':');
    int port;
    try {
      port = Integer.parseInt(address.substring(colon + 1));
    } catch (NumberFormatException e) {
      port = 0;
    }
    if (colon < 1 || port < 1 || port > 65535) {
      throw new ConfigurationException(
          "ringfence.gateway.routers: '" + address + "' is not host:port");
    }
    String host = address.substring(0, colon);
    try {
      var _ = links.channel(host, Peer.any(Role.ROUTER));
    } catch (IllegalArgumentException plaintext) {
      throw new ConfigurationException(
          "ringfence.gateway.routers: " + plaintext.getMessage(), plaintext);
    }
    int checked = port;
    return new RouterLink((loop, revoked) ->
        open(host, checked, loop, links.channel(host, Peer.any(Role.ROUTER), revoked)));
  }

  private static ManagedChannel open(
      String host, int port, EventLoop loop, ChannelCredentials credentials) {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(host, port, credentials)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .flowControlWindow(STREAM_WINDOW)
            // Another router is tried by RouterCall, and gRPC's own retries cost each token a
            // detour.
            .disableRetry()
            // A router whose machine vanished sends no end: ask, so that its calls fail soon.
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true);
    // The loops of a native transport want channels of their own kind; gRPC's then do the work.
    if (loop instanceof NioEventLoop) {
      builder.eventLoopGroup(loop).channelType(NioSocketChannel.class);
    }
    return builder.build();
  }

  /// A call of `Routing.Generate`, not yet begun; its listener runs on the context's event loop.
  ///
  /// @param traceParent which span it belongs to; null: none
  public RouterCall<RouteRequest, RouteEvent> generate(
      RouteRequest request,
      Deadline deadline,
      Context context,
      RouterCall.Listener<RouteEvent> listener,
      @Nullable String traceParent) {
    return new RouterCall<>(
        inOrder(context),
        RoutingGrpc.getGenerateMethod(),
        CallOptions.DEFAULT.withExecutor(on(context)).withDeadline(deadline),
        request,
        listener,
        traceParent);
  }

  /// A call of `Routing.ListModels`, not yet begun; its listener runs on the context's event loop.
  public RouterCall<ListModelsRequest, ListModelsResponse> listModels(
      ListModelsRequest request,
      Duration limit,
      Context context,
      RouterCall.Listener<ListModelsResponse> listener) {
    return ask(RoutingGrpc.getListModelsMethod(), request, limit, context, listener);
  }

  /// A call of `Routing.GetReceipt`, not yet begun; its listener runs on the context's event loop.
  public RouterCall<GetReceiptRequest, Receipt> getReceipt(
      GetReceiptRequest request,
      Duration limit,
      Context context,
      RouterCall.Listener<Receipt> listener) {
    return ask(RoutingGrpc.getGetReceiptMethod(), request, limit, context, listener);
  }

  /// A call of any method, not yet begun; its listener runs on the context's event loop.
  ///
  /// @param limit the call ends then, whole or not
  public <Q, R> RouterCall<Q, R> ask(
      MethodDescriptor<Q, R> method,
      Q question,
      Duration limit,
      Context context,
      RouterCall.Listener<R> listener) {
    return ask(inOrder(context), method, question, limit, context, listener);
  }

  /// How many there are.
  public int count() {
    return routers.size();
  }

  /// A call of any method of one router, whether it can be reached or not; not yet begun, its
  /// listener runs on the context's event loop.
  ///
  /// @param number of the router, from 0, as they stand in the settings
  /// @param limit the call ends then, whole or not
  public <Q, R> RouterCall<Q, R> askOne(
      int number,
      MethodDescriptor<Q, R> method,
      Q question,
      Duration limit,
      Context context,
      RouterCall.Listener<R> listener) {
    EventLoop loop = ((ContextInternal) context).nettyEventLoop();
    return ask(List.of(routers.get(number).on(loop)), method, question, limit, context, listener);
  }

  private static <Q, R> RouterCall<Q, R> ask(
      List<ManagedChannel> channels,
      MethodDescriptor<Q, R> method,
      Q question,
      Duration limit,
      Context context,
      RouterCall.Listener<R> listener) {
    return new RouterCall<>(
        channels,
        method,
        CallOptions.DEFAULT
            .withExecutor(on(context))
            .withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS),
        question,
        listener,
        null);
  }

  /// What comes on the event loop itself is dealt with at once.
  private static Executor on(Context context) {
    var internal = (ContextInternal) context;
    return task -> internal.emit(task, Runnable::run);
  }

  /// The routers by turns, those last that could not be reached.
  private List<ManagedChannel> inOrder(Context context) {
    EventLoop loop = ((ContextInternal) context).nettyEventLoop();
    if (routers.size() == 1) {
      return List.of(routers.getFirst().on(loop));
    }
    int first = Math.floorMod(turn.getAndIncrement(), routers.size());
    var reachable = new ArrayList<ManagedChannel>(routers.size());
    var failing = new ArrayList<ManagedChannel>();
    for (int i = 0; i < routers.size(); i++) {
      ManagedChannel channel = routers.get((first + i) % routers.size()).on(loop);
      boolean fails = channel.getState(true) == ConnectivityState.TRANSIENT_FAILURE;
      (fails ? failing : reachable).add(channel);
    }
    reachable.addAll(failing);
    return reachable;
  }

  @PreDestroy
  void close() {
    routers.forEach(RouterLink::close);
    links.close();
  }
}
