package ringfence.gateway.routing;

import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

/// The channels to the routers, one each, kept open.
@Singleton
public final class Routers {
  /// Bytes of an answer that may wait in this process for a client that reads slowly; then the
  /// router has to wait.
  private static final int STREAM_WINDOW = 64 * 1024;

  private static final int CONNECT_MILLIS = 2000;

  private static final String TLS = "ringfence.gateway.tls";

  private final LinkSecurity links;
  private final List<ManagedChannel> channels;
  private final AtomicInteger turn = new AtomicInteger();

  @Inject
  Routers(GatewayConfig config) {
    this(config.routers(), links(config));
  }

  /// @param addresses `host:port` each, at least one
  /// @param links how the channels are protected
  Routers(List<String> addresses, LinkSecurity links) {
    this.links = links;
    channels = addresses.stream().map(address -> open(address, links)).toList();
    if (channels.isEmpty()) {
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

  private static ManagedChannel open(String address, LinkSecurity links) {
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
    ChannelCredentials credentials;
    try {
      credentials = links.channel(host, Peer.any(Role.ROUTER));
    } catch (IllegalArgumentException plaintext) {
      throw new ConfigurationException(
          "ringfence.gateway.routers: " + plaintext.getMessage(), plaintext);
    }
    return NettyChannelBuilder.forAddress(host, port, credentials)
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .flowControlWindow(STREAM_WINDOW)
        // A router whose machine vanished sends no end: ask, so that its calls fail soon.
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true)
        .build();
  }

  /// A call of `Routing.Generate`, not yet begun; its listener runs on `executor`.
  public RouterCall<RouteRequest, RouteEvent> generate(
      RouteRequest request,
      Deadline deadline,
      Executor executor,
      RouterCall.Listener<RouteEvent> listener) {
    return new RouterCall<>(
        inOrder(),
        RoutingGrpc.getGenerateMethod(),
        CallOptions.DEFAULT.withExecutor(executor).withDeadline(deadline),
        request,
        listener);
  }

  /// A call of `Routing.ListModels`, not yet begun; its listener runs on `executor`.
  public RouterCall<ListModelsRequest, ListModelsResponse> listModels(
      ListModelsRequest request,
      Duration limit,
      Executor executor,
      RouterCall.Listener<ListModelsResponse> listener) {
    return new RouterCall<>(
        inOrder(),
        RoutingGrpc.getListModelsMethod(),
        CallOptions.DEFAULT
            .withExecutor(executor)
            .withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS),
        request,
        listener);
  }

  /// A call of `Routing.GetReceipt`, not yet begun; its listener runs on `executor`.
  public RouterCall<GetReceiptRequest, Receipt> getReceipt(
      GetReceiptRequest request,
      Duration limit,
      Executor executor,
      RouterCall.Listener<Receipt> listener) {
    return new RouterCall<>(
        inOrder(),
        RoutingGrpc.getGetReceiptMethod(),
        CallOptions.DEFAULT
            .withExecutor(executor)
            .withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS),
        request,
        listener);
  }

  /// A call of any method, not yet begun; its listener runs on `executor`.
  ///
  /// @param limit the call ends then, whole or not
  public <Q, R> RouterCall<Q, R> ask(
      MethodDescriptor<Q, R> method,
      Q question,
      Duration limit,
      Executor executor,
      RouterCall.Listener<R> listener) {
    return new RouterCall<>(
        inOrder(),
        method,
        CallOptions.DEFAULT
            .withExecutor(executor)
            .withDeadlineAfter(limit.toMillis(), TimeUnit.MILLISECONDS),
        question,
        listener);
  }

  /// The routers by turns, those last that could not be reached.
  private List<ManagedChannel> inOrder() {
    if (channels.size() == 1) {
      return channels;
    }
    int first = Math.floorMod(turn.getAndIncrement(), channels.size());
    var reachable = new ArrayList<ManagedChannel>(channels.size());
    var failing = new ArrayList<ManagedChannel>();
    for (int i = 0; i < channels.size(); i++) {
      ManagedChannel channel = channels.get((first + i) % channels.size());
      boolean fails = channel.getState(true) == ConnectivityState.TRANSIENT_FAILURE;
      (fails ? failing : reachable).add(channel);
    }
    reachable.addAll(failing);
    return reachable;
  }

  @PreDestroy
  void close() {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
    }
    links.close();
  }
}
