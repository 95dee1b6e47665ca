package ringfence.router.serving;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.router.dispatch.Dispatcher;
import ringfence.router.dispatch.PrefixMemory;
import ringfence.router.dispatch.WaitingRoom;
import ringfence.router.egress.Exit;
import ringfence.router.egress.GrpcEgress;
import ringfence.router.egress.LinkLoops;
import ringfence.router.egress.TargetEgress;
import ringfence.router.egress.UpstreamEgress;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.FleetLimits;
import ringfence.router.fleet.FleetObserver;
import ringfence.router.fleet.FleetService;
import ringfence.router.overview.FleetViews;
import ringfence.router.overview.KeyDesk;
import ringfence.router.overview.OverviewService;
import ringfence.router.overview.PolicyViews;
import ringfence.router.overview.Timeline;
import ringfence.router.routing.Placer;
import ringfence.router.routing.TargetView;
import ringfence.router.upstream.Upstreams;
import ringfence.telemetry.Telemetry;
import ringfence.telemetry.TraceParent;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;

/// A running router: all its parts, put together. It owns its threads, its server and its channels.
public final class Router implements AutoCloseable {
  private static final int ENVELOPE_BYTES = 1 << 20;
  private static final Duration DROP_SILENT_AFTER = Duration.ofSeconds(30);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final RouterSettings settings;
  private final ExecutorService callbacks;
  private final ScheduledExecutorService housekeeping;
  private final TimerAlarms alarms;
  private final @Nullable OpenLedger ledger;
  private final @Nullable OpenOutbox outbox;
  private final Telemetry telemetry;
  private final GrpcEgress egress;
  private final Upstreams upstreams;
  private final UpstreamEgress upstreamEgress;
  private final Runnable roomMayHaveCome;
  private final Fleet fleet;
  private final Admission admission;
  private final PolicyWatch policy;
  private final LinkSecurity links;
  private final LinkLoops loops;
  private final Server server;

  /// Starts a router.
  ///
  /// @throws IOException when the ledger can't be used or the address not be listened on
  /// @throws IllegalArgumentException when the policy file or a certificate can't be used; the
  ///   message says why
  public Router(RouterSettings settings, MeterRegistry registry) throws IOException {
    this.settings = settings;
    links =
        LinkSecurity.of(
            settings.tls(),
            RouterSettings.TLS,
            Peer.exactly(ProcessIdentity.of(Role.ROUTER, settings.name())));
    LongSupplier nanoClock = System::nanoTime;
    RouterMetrics metrics = new RouterMetrics(registry);
    Timeline timeline = new Timeline(InstantSource.system());
    policy = PolicyWatch.start(settings, InstantSource.system(), nanoClock, metrics);
    ledger = OpenLedger.of(settings.ledger(), nanoClock, registry);
    outbox = OpenOutbox.of(settings.events(), settings.name(), nanoClock, registry);
    if (outbox != null) {
      timeline.recall(outbox.recent(Timeline.EVENTS_TO_RECALL));
    }
    ToldEvents told = outbox == null ? null : new ToldEvents(outbox.outbox());
    telemetry = Telemetry.of(settings.telemetry(), "ringfence-router", settings.name());
    telemetry.export(registry);
    RequestTraces traces = new RequestTraces(telemetry);
    Observers observer = new Observers(metrics, traces, timeline, told);
    int threads = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    callbacks =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().name("router-", 0).daemon().factory());
    housekeeping =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("router-housekeeping").daemon().factory());
    loops = new LinkLoops();
    int maxMessageBytes = settings.maxPromptBytes() + ENVELOPE_BYTES;
    Exit exit =
        new Exit(
            ledger == null ? null : ledger.ledger(),
            settings.ledger().recordsAll(),
            nanoClock,
            callbacks,
            told == null ? _ -> CompletableFuture.completedFuture(null) : told);
    egress =
        new GrpcEgress(
            exit,
            maxMessageBytes,
            settings.nodeConnections(),
            settings.nodeKeepAlive().toMillis(),
            links,
            loops,
            nanoClock,
            callbacks);
    egress.propagate(traces::header);
    alarms = new TimerAlarms(callbacks);
    upstreams = new Upstreams(() -> policy.policy().document().upstreams(), nanoClock, metrics);
    upstreamEgress = new UpstreamEgress(exit, upstreams, nanoClock, alarms, callbacks);
    WaitingRoom waitingRoom =
        new WaitingRoom(settings.maxWaiting(), settings.maxWaitingPromptBytes(), alarms);
    LongSupplier draws = Dispatcher.randomDraws();
    PrefixMemory prefixes = new PrefixMemory(settings.rememberedPrefixes(), draws);
    admission = new Admission(settings.maxInFlight(), settings.maxInFlightPromptBytes());
    fleet =
        new Fleet(
            new FleetLimits(
                settings.maxNodes(),
                settings.silenceLimit().toNanos(),
                settings.awaitLostNodes().toNanos(),
                settings.awaitFirstReports().toNanos()),
            nanoClock,
            InstantSource.system(),
            followingTheFleet(observer, waitingRoom, prefixes),
            upstreams::targets);
    roomMayHaveCome = waitingRoom::roomMayHaveCome;
    metrics.show(registry, fleet, admission::inFlight, waitingRoom::waiting);
    metrics.show(registry, policy);
    Dispatcher dispatcher =
        new Dispatcher(
            policy.policy(),
            Placer.standard(settings.silenceLimit().toNanos(), settings.nodeQueueLimit()),
            fleet,
            new TargetEgress(egress, upstreamEgress),
            nanoClock,
            alarms,
            waitingRoom,
            prefixes,
            settings.dispatch(),
            draws,
            observer);
    server =
        loops
            .serve(
                NettyServerBuilder.forAddress(
                    settings.listen(), links.server(settings.listen().getHostString())))
            .executor(Runnable::run)
            .callExecutor(Entrance.executors(callbacks))
            .maxInboundMessageSize(maxMessageBytes)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(settings.nodeKeepAlive().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(settings.nodeKeepAlive().toMillis(), TimeUnit.MILLISECONDS)
            .intercept(new TraceParent.Reader())
            .addService(
                links.guarded(
                    new RoutingService(
                        dispatcher,
                        admission,
                        new Receipts(ledger == null ? null : ledger.ledger()),
                        outbox == null ? null : outbox.outbox(),
                        traces,
                        new TenantMetrics(registry),
                        callbacks,
                        settings),
                    RoutingService.RULES))
            .addService(
                links.guarded(
                    new FleetService(
                        fleet,
                        links,
                        settings.name(),
                        UUID.randomUUID().toString(),
                        Math.toIntExact(settings.reportInterval().toMillis())),
                    FleetService.RULES))
            .addService(
                links.guarded(overview(timeline, waitingRoom::waiting), OverviewService.RULES))
            .build();
    boolean started = false;
    try {
      server.start();
      fleet.listens();
      started = true;
    } catch (IOException taken) {
      throw new IOException(
          "ringfence.router.listen-address " + settings.listen() + " can't be listened on", taken);
    } finally {
      if (!started) {
        stopThreads();
      }
    }
    var _ = housekeeping.scheduleWithFixedDelay(this::keepHouse, 1, 1, TimeUnit.SECONDS);
    long poll = settings.policyPoll().toMillis();
    var _ = housekeeping.scheduleWithFixedDelay(policy::look, poll, poll, TimeUnit.MILLISECONDS);
  }

  private OverviewService overview(Timeline timeline, IntSupplier waiting) {
    InstantSource clock = InstantSource.system();
    return new OverviewService(
        new OverviewService.Parts(
            settings.name(),
            policy.policy(),
            policy::problem,
            fleet,
            new FleetViews(settings.name(), fleet, clock, admission::inFlight, waiting),
            new PolicyViews(policy.policy(), clock),
            timeline,
            new KeyDesk(settings.policyFile(), policy::look, housekeeping, clock),
            alarms));
  }

  private FleetObserver followingTheFleet(
      FleetObserver observer, WaitingRoom waitingRoom, PrefixMemory prefixes) {
    return new FleetObserver() {
      @Override
      public void joined(TargetView target) {
        observer.joined(target);
        waitingRoom.roomMayHaveCome();
      }

      @Override
      public void draining(TargetView target) {
        observer.draining(target);
        callbacks.execute(() -> admission.leave(target));
      }

      @Override
      public void reported() {
        waitingRoom.roomMayHaveCome();
      }

      @Override
      public void left(TargetView target, String why) {
        observer.left(target, why);
        prefixes.left(target);
        egress.retire(target);
      }
    };
  }

  private void keepHouse() {
    policy.keepSpent();
    admission.endStalled(settings.readerStallLimit());
    fleet.dropSilent(DROP_SILENT_AFTER.toNanos());
    egress.retireAllBut(fleet.targets());
    if (!upstreams.targets().isEmpty()) {
      upstreamEgress.probe();
      // A minute's allowance refills without anything that would say so.
      roomMayHaveCome.run();
    }
    if (ledger != null) {
      ledger.ledger().keepHouse();
    }
    if (outbox != null) {
      outbox.outbox().keepHouse();
    }
  }

  /// Where gateways and nodes reach it.
  public InetSocketAddress address() {
    return new InetSocketAddress(settings.listen().getAddress(), server.getPort());
  }

  /// Takes new requests.
  public boolean isReady() {
    return !server.isShutdown() && !admission.isDraining();
  }

  /// Requests in flight.
  public int inFlight() {
    return admission.inFlight();
  }

  /// The policy in force, and whether the newest file is it.
  public PolicyWatch policy() {
    return policy;
  }

  /// What is wrong with the newest certificates; null: nothing, they are in force.
  @Nullable String certificateProblem() {
    return links.problem();
  }

  /// Drains, then stops.
  @Override
  public void close() {
    try {
      admission.drain(settings.drainLimit());
      server.shutdown();
      // Report streams never end by themselves: nodes dial again, another router or the next one.
      server.awaitTermination(100, TimeUnit.MILLISECONDS);
      server.shutdownNow();
      server.awaitTermination(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    } finally {
      stopThreads();
      policy.keepSpent();
    }
  }

  private void stopThreads() {
    housekeeping.shutdownNow();
    alarms.close();
    egress.close();
    upstreamEgress.close();
    links.close();
    loops.close();
    callbacks.shutdown();
    telemetry.close();
    if (ledger != null) {
      ledger.close();
    }
    if (outbox != null) {
      outbox.close();
    }
  }
}
