package ringfence.node.serving;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.ExitGuard;
import ringfence.node.serving.NodeSettings.HostPort;
import ringfence.proto.v1.Failure;
import ringfence.telemetry.JsonLog;
import ringfence.telemetry.Telemetry;
import ringfence.telemetry.TraceParent;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Peer;
import ringfence.tls.PlainHttp;
import ringfence.tls.ProcessIdentity;

/// The node's life: load the models, serve them, report them, drain, end.
@ApplicationScoped
public class Node {
  private static final Logger LOG = Logger.getLogger(Node.class);
  private static final Duration WARM_UP = Duration.ofSeconds(15);
  // From the end of draining until the models are closed.
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);
  private static final int MAX_CALLS_PER_CONNECTION = 2048;
  private static final int CORES_FOR_EACH_LOOP = 2;

  private final NodeConfig config;
  private final MeterRegistry registry;
  private final String httpHost;
  private final String plaintext;
  private final NodeStatus status = new NodeStatus();
  private final Attempts attempts = new Attempts();
  private final Map<String, ServedModel> models = new LinkedHashMap<>();
  private final List<RouterLink> routers = new ArrayList<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("reports").factory());
  // Rendering and tokenizing run here; a bounded pool keeps one flood of prompts from taking every
  // processor.
  private final ExecutorService calls =
      Executors.newFixedThreadPool(
          Math.max(2, Runtime.getRuntime().availableProcessors()),
          Thread.ofPlatform().daemon().name("calls-", 0).factory());
  // A step's tokens for all calls leave in few writes: the fewer threads, the fewer.
  private final EventLoopGroup loops =
      new NioEventLoopGroup(
          Math.max(1, Runtime.getRuntime().availableProcessors() / CORES_FOR_EACH_LOOP),
          new DefaultThreadFactory("links", true));
  private Telemetry telemetry = Telemetry.OFF;
  private @Nullable LinkSecurity links;
  private @Nullable Server server;
  private @Nullable NodeSettings settings;

  @Inject
  Node(
      NodeConfig config,
      MeterRegistry registry,
      @ConfigProperty(name = "quarkus.http.host") String httpHost,
      @ConfigProperty(name = "quarkus.http.insecure-requests", defaultValue = "enabled")
          String plaintext) {
    this.config = config;
    this.registry = registry;
    this.httpHost = httpHost;
    this.plaintext = plaintext;
  }

  /// Starts everything; returns when the node serves.
  ///
  /// @throws NodeStartException when a setting, a model or a port is wrong
  void start() throws NodeStartException {
    try {
      JsonLog.install(config.telemetry());
      PlainHttp.check(httpHost, plaintext);
      NodeSettings checked = NodeSettings.check(config);
      settings = checked;
      telemetry = Telemetry.of(checked.telemetry(), "ringfence-node", checked.name());
      telemetry.export(registry);
      LinkSecurity protectedLinks =
          LinkSecurity.of(
              checked.tls(),
              NodeSettings.TLS,
              Peer.exactly(ProcessIdentity.node(checked.name(), checked.zone())));
      links = protectedLinks;
      ExitGuard.waitForOwners(checked.drainLimit().plus(CLOSE_LIMIT));
      Map<String, MeteredModel> metered = new LinkedHashMap<>();
      if (checked.simulation().isPresent()) {
        LOG.warnf("nothing is computed here: answers are simulated, at the pace of --simulate");
        serve(ServedModel.simulated(checked.simulation().get(), checked.served()), metered);
      }
      for (String model : checked.models()) {
        serve(ServedModel.open(model, checked.served()), metered);
      }
      GenerationService service =
          new GenerationService(metered, attempts, status, checked.defaultDeadline(), telemetry);
      server =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress(checked.listen().host(), checked.listen().port()),
                  protectedLinks.server(checked.listen().host()))
              .channelType(NioServerSocketChannel.class)
              .bossEventLoopGroup(loops)
              .workerEventLoopGroup(loops)
              .executor(calls)
              .maxInboundMessageSize(checked.maxRequestBytes())
              .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
              .permitKeepAliveTime(1, TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true)
              .keepAliveTime(10, TimeUnit.SECONDS)
              .keepAliveTimeout(3, TimeUnit.SECONDS)
              .addService(protectedLinks.guarded(service, GenerationService.RULES))
              .intercept(new TraceParent.Reader())
              .build()
              .start();
      status.becomeReady();
      report(checked, new HostPort(checked.listen().host(), server.getPort()), protectedLinks);
      LOG.infof(
          "node %s serves %s on port %d",
          checked.name(), String.join(", ", models.keySet()), server.getPort());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NodeStartException("interrupted", e);
    } catch (IOException | RuntimeException e) {
      throw new NodeStartException(String.valueOf(e.getMessage()), e);
    }
  }

  private void serve(ServedModel served, Map<String, MeteredModel> metered)
      throws InterruptedException {
    served.warmUp(WARM_UP);
    if (models.putIfAbsent(served.name(), served) != null) {
      served.close();
      throw new IllegalArgumentException(
          "ringfence.node.models: two models are named " + served.name());
    }
    metered.put(served.name(), new MeteredModel(served, new NodeMetrics(registry, served)));
  }

  private void report(NodeSettings checked, HostPort bound, LinkSecurity protectedLinks) {
    NodeReports reports = new NodeReports(checked, bound, models, status);
    for (HostPort router : checked.routers()) {
      RouterLink link =
          new RouterLink(
              router, timer, reports::registration, reports::load, status, protectedLinks);
      routers.add(link);
      link.start();
    }
  }

  boolean isReady() {
    return status.isReady();
  }

  boolean isAlive() {
    return models.values().stream().allMatch(m -> m.engine().isAlive());
  }

  // SIGTERM: take nothing new, let running answers end, then hand back what is left so that a
  // router goes on with it elsewhere.
  void stop(@Observes ShutdownEvent event) throws InterruptedException {
    status.shutDown();
    routers.forEach(RouterLink::reportNow);
    if (server != null && settings != null) {
      long deadline = System.nanoTime() + settings.drainLimit().toNanos();
      if (attempts.running() > 0) {
        LOG.infof("draining: %d attempts still run", attempts.running());
      }
      while (attempts.running() > 0 && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
      attempts.endAll(
          Failure.newBuilder()
              .setReason(Failure.Reason.DRAINING)
              .setMessage("this node went down before the answer's end")
              .build());
      server.shutdown();
      if (!server.awaitTermination(2, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    }
    routers.forEach(RouterLink::close);
    timer.shutdown();
    timer.awaitTermination(1, TimeUnit.SECONDS);
    calls.shutdown();
    var _ = loops.shutdownGracefully(0, 2, TimeUnit.SECONDS);
    telemetry.close();
    if (links != null) {
      links.close();
    }
    models.values().forEach(ServedModel::close);
  }
}
