package ringfence.router.egress;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.router.WireZones;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Loopback;
import ringfence.tls.ProcessIdentity;

/// A few channels for each target, each made when it is first needed. Bytes of an answer that
/// nobody reads stay in its connection's HTTP/2 window (1 MiB for all its streams), so a reader
/// that lags can hold up the others on the same connection, but not those on the target's others.
/// With TLS a connection stands only when the certificate at its other end proves the name and the
/// zone that the grant was made for.
final class TargetChannels implements AutoCloseable {
  private final int maxMessageBytes;
  private final int connections;
  private final long keepAliveMillis;
  private final LinkSecurity links;
  private final LinkLoops loops;
  private final Executor executor;
  private final Map<Peer, @Nullable ManagedChannel[]> channels = new HashMap<>();
  private boolean closed;

  /// Who has to be at the other end.
  private record Peer(String name, Zone zone, String address) {
    static Peer of(TargetView target) {
      return new Peer(target.name(), target.zone(), target.address());
    }
  }

  TargetChannels(
      int maxMessageBytes,
      int connections,
      long keepAliveMillis,
      LinkSecurity links,
      LinkLoops loops,
      Executor executor) {
    this.maxMessageBytes = maxMessageBytes;
    this.connections = connections;
    this.keepAliveMillis = keepAliveMillis;
    this.links = links;
    this.loops = loops;
    this.executor = executor;
  }

  /// The channel to the grant's target, if there is one already.
  synchronized @Nullable ManagedChannel open(EgressGrant grant) {
    @Nullable ManagedChannel[] open = channels.get(Peer.of(grant.target()));
    return open == null ? null : open[slot(grant)];
  }

  /// The channel to the grant's target.
  ///
  /// @throws IllegalArgumentException when it would leave this machine without TLS
  synchronized ManagedChannel to(EgressGrant grant) {
    if (closed) {
      throw new IllegalStateException("egress is closed");
    }
    Peer peer = Peer.of(grant.target());
    @Nullable ManagedChannel[] open =
        channels.computeIfAbsent(peer, _ -> new @Nullable ManagedChannel[connections]);
    ManagedChannel channel = open[slot(grant)];
    if (channel == null) {
      channel = connect(peer);
      open[slot(grant)] = channel;
    }
    return channel;
  }

  private int slot(EgressGrant grant) {
    return Math.floorMod(grant.requestId().hashCode(), connections);
  }

  private ManagedChannel connect(Peer peer) {
    ringfence.tls.Peer expected =
        ringfence.tls.Peer.exactly(
            ProcessIdentity.node(peer.name(), WireZones.toWire(peer.zone())));
    return loops
        .dial(
            NettyChannelBuilder.forTarget(
                "dns:///" + peer.address(),
                links.channel(
                    Loopback.withoutPort(peer.address()), expected, () -> breakOff(peer))))
        .executor(executor)
        .disableRetry()
        .maxInboundMessageSize(maxMessageBytes)
        .keepAliveTime(keepAliveMillis, TimeUnit.MILLISECONDS)
        .keepAliveTimeout(keepAliveMillis, TimeUnit.MILLISECONDS)
        .build();
  }

  /// Closes the channels to a target; calls in flight go on to their end.
  void retire(TargetView target) {
    retire(Peer.of(target));
  }

  private void retire(Peer peer) {
    remove(peer).forEach(ManagedChannel::shutdown);
  }

  /// Its certificate was revoked: calls in flight end with their connections.
  private void breakOff(Peer peer) {
    remove(peer).forEach(ManagedChannel::shutdownNow);
  }

  private synchronized List<ManagedChannel> remove(Peer peer) {
    @Nullable ManagedChannel[] open = channels.remove(peer);
    List<ManagedChannel> removed = new ArrayList<>();
    for (int i = 0; open != null && i < open.length; i++) {
      ManagedChannel channel = open[i];
      if (channel != null) {
        removed.add(channel);
      }
    }
    return removed;
  }

  /// Closes the channels to all other targets.
  void retireAllBut(List<TargetView> targets) {
    Set<Peer> gone;
    synchronized (this) {
      gone = new HashSet<>(channels.keySet());
    }
    targets.forEach(target -> gone.remove(Peer.of(target)));
    gone.forEach(this::retire);
  }

  @Override
  public void close() {
    List<@Nullable ManagedChannel[]> open;
    synchronized (this) {
      closed = true;
      open = new ArrayList<>(channels.values());
      channels.clear();
    }
    for (@Nullable ManagedChannel[] toTarget : open) {
      for (ManagedChannel channel : toTarget) {
        if (channel != null) {
          channel.shutdownNow();
        }
      }
    }
  }
}
