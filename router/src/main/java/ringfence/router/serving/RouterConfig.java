package ringfence.router.serving;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The router's configuration as it is written; [RouterSettings] checks it.
@ConfigMapping(prefix = "ringfence.router")
public interface RouterConfig {

  /// This router's name, told to nodes.
  @WithDefault("router")
  String name();

  /// host:port of the gRPC server.
  @WithDefault("127.0.0.1:7410")
  String listenAddress();

  /// How often nodes report.
  @WithDefault("500ms")
  Duration reportInterval();

  /// A node that was not heard of for longer gets no attempts.
  @WithDefault("2s")
  Duration silenceLimit();

  /// Nodes in the fleet.
  @WithDefault("4096")
  int maxNodes();

  /// Bytes of one prompt.
  @WithDefault("16777216")
  int maxPromptBytes();

  /// Bytes of the prompts of all requests in flight.
  @WithDefault("268435456")
  long maxInFlightPromptBytes();

  /// Requests in flight.
  @WithDefault("4096")
  int maxInFlight();

  /// Attempts of one request.
  @WithDefault("4")
  int maxAttempts();

  /// Sequences that may wait on one node.
  @WithDefault("512")
  int nodeQueueLimit();

  /// Deadline of a request that brings none.
  @WithDefault("10m")
  Duration defaultDeadline();

  /// The longest deadline.
  @WithDefault("60m")
  Duration maxDeadline();

  /// A connection to a node that is silent for so long is probed, and broken when no answer comes
  /// within the same time.
  @WithDefault("5s")
  Duration nodeKeepAlive();

  /// Connections to one node. Answers that nobody reads fill their connection's window; the others
  /// go on.
  @WithDefault("4")
  int nodeConnections();

  /// A reader that takes nothing of an answer for so long, while more of it waits, is given up.
  @WithDefault("30s")
  Duration readerStallLimit();

  /// How long requests in flight may go on when the router is stopped.
  @WithDefault("30s")
  Duration drainLimit();
}
