package ringfence.router.serving;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import ringfence.telemetry.TelemetryConfig;
import ringfence.tls.TlsConfig;

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

  /// A node that has gone is expected back for so long: what only it could serve waits for it, no
  /// longer than for room, instead of being refused; 0: not at all.
  @WithDefault("60s")
  Duration awaitLostNodes();

  /// For so long after it began to listen, nodes that are there may not have reported yet: what no
  /// known target could serve waits for them, no longer than for room, and so does what would leave
  /// the site for want of them; 0: not at all.
  @WithDefault("5s")
  Duration awaitFirstReports();

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

  /// Attempts of one request in a row that bring no token.
  @WithDefault("4")
  int maxAttempts();

  /// A node that is expected to send a token and sends none for so long is left for another one.
  /// Before the first token four times what was predicted for it are added.
  @WithDefault("5s")
  Duration stallLimit();

  /// An attempt without a token after so long gets a rival on another node of its zone; 0: never.
  @WithDefault("0s")
  Duration hedgeAfter();

  /// For the first token, where a request does not say: a farther zone is used only when every
  /// nearer target misses it, and a request without room waits no longer.
  @WithDefault("10s")
  Duration maxWait();

  /// Requests that may wait for room.
  @WithDefault("1024")
  int maxWaiting();

  /// Bytes of their prompts.
  @WithDefault("67108864")
  long maxWaitingPromptBytes();

  /// Beginnings of prompts whose node is remembered.
  @WithDefault("65536")
  int rememberedPrefixes();

  /// Sequences that may wait on one node; more wait here, where tenants take turns.
  @WithDefault("16")
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

  /// Who may call and how far each may go; without it everybody on loopback may, as far as the
  /// gateway lets them.
  Optional<Path> policyFile();

  /// Where it is kept what tenants have used; beside the policy file when it is not said.
  Optional<Path> spentFile();

  /// Routers that count against the same budgets, each on its own: this one lets each tenant use
  /// that part of them.
  @WithDefault("1")
  int budgetRouters();

  /// How often the policy file is looked at for changes.
  @WithDefault("2s")
  Duration policyPoll();

  /// How long detectors may look at one prompt; past that it may go no farther than the device.
  @WithDefault("2s")
  Duration screeningLimit();

  /// How long requests in flight may go on when the router is stopped.
  @WithDefault("30s")
  Duration drainLimit();

  /// Certificates; without them everything is on this machine.
  TlsConfig tls();

  /// The account of what leaves.
  Ledger ledger();

  /// Where traces and metrics are exported to.
  TelemetryConfig telemetry();

  /// What is told of the router's work.
  Events events();

  /// Where the outbox of events lies, what it keeps and where it is published.
  interface Events {

    /// Its folder, for this router alone; without one no events are kept.
    Optional<Path> folder();

    /// Bytes of all segments. A half is for what is published or has nowhere to go; from three
    /// quarters on placements and node states are dropped, from nine tenths on requests refused.
    @WithDefault("1073741824")
    long maxBytes();

    /// Bytes of a segment before the next is begun.
    @WithDefault("8388608")
    int segmentBytes();

    /// Segments whose events are all older are dropped, when they are published or have nowhere to
    /// go.
    @WithDefault("30d")
    Duration maxAge();

    /// Placements and node states that may wait for the disk; one more is dropped.
    @WithDefault("4096")
    int maxWaiting();

    /// How long an answer's end or a departure may wait for its event.
    @WithDefault("2s")
    Duration waitLimit();

    /// Where they are published.
    Kafka kafka();

    /// Brokers and topics.
    interface Kafka {

      /// host:port, comma-separated; without it nothing is published.
      Optional<String> bootstrap();

      /// Of the topics' names.
      @WithDefault("ringfence")
      String topicPrefix();

      /// Of topics that the router makes.
      @WithDefault("6")
      int partitions();

      /// Of topics that the router makes; 0: the broker's default.
      @WithDefault("0")
      int replicas();

      /// How long the topic of usage that the router makes keeps it.
      @WithDefault("90d")
      Duration usageAge();

      /// How long the topic of egress that the router makes keeps it.
      @WithDefault("400d")
      Duration egressAge();

      /// How long the topic of placements that the router makes keeps them.
      @WithDefault("7d")
      Duration placementAge();

      /// Properties of Kafka's clients, such as security.protocol.
      Map<String, String> properties();
    }
  }

  /// Where the ledger lies and what it keeps.
  interface Ledger {

    /// Its folder, for this router alone; without one nothing leaves the site.
    Optional<Path> folder();

    /// What is recorded: `departures` (attempts for zones farther than site) or `all`.
    @WithDefault("departures")
    String record();

    /// Bytes of a segment before the next is begun.
    @WithDefault("16777216")
    int segmentBytes();

    /// Records that are kept at least before older segments are dropped.
    @WithDefault("1000000")
    long maxRecords();

    /// Segments whose records are all older are dropped.
    @WithDefault("400d")
    Duration maxAge();

    /// Attempts that may wait for a commit.
    @WithDefault("4096")
    int maxWaiting();

    /// How long an attempt may wait for its record.
    @WithDefault("2s")
    Duration waitLimit();

    /// The signed head on disk is at most so much older than the last record.
    @WithDefault("1s")
    Duration headInterval();
  }
}
