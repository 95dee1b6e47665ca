package ringfence.router.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Zone;
import ringfence.router.Unobserved;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.InFlight;
import ringfence.router.fleet.NodeStream;
import ringfence.router.fleet.RefusedReportException;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.Placer;

/// Four routers that know nothing of each other place onto a thousand nodes, from reports that are
/// up to half a second old: the load must spread as if one that knows everything had placed it.
class HerdTest {
  private static final int NODES = 1_000;
  private static final int ROUTERS = 4;
  private static final int BATCH = 16;
  private static final long REPORT_NANOS = 500 * World.MILLIS;
  private static final long ANSWER_NANOS = 2 * World.SECONDS;

  /// Of the fleet's places; at full load nobody could spread better.
  private static final double UTILISATION = 0.5;

  private final World world = new World(42);
  private final int[] load = new int[NODES];
  private final List<Fleet> fleets = new ArrayList<>();
  private final Placer placer = Placer.standard(10 * World.SECONDS, 16);
  private int placed;

  private record Stream(int node) implements NodeStream {
    @Override
    public void send(RouterCommand command) {}

    @Override
    public void close(Failure failure) {}
  }

  private void register(Fleet fleet, int node) {
    NodeStream stream = new Stream(node);
    try {
      fleet.register(
          stream,
          NodeRegistration.newBuilder()
              .setNode("node-" + node)
              .setIncarnation("i" + node)
              .setZone(Zone.ZONE_SITE)
              .setAddress("n:1")
              .addModels(
                  ServedModel.newBuilder()
                      .setName("m")
                      .setDigest("a".repeat(64))
                      .setContextLength(8_192)
                      .setKvTokens(100_000)
                      .setMaxSequences(BATCH)
                      .addSpeeds(speed(1, 50))
                      .addSpeeds(speed(BATCH, 400)))
              .build());
    } catch (RefusedReportException refused) {
      throw new AssertionError(refused);
    }
    world.after(world.between(0, REPORT_NANOS), () -> report(fleet, stream, node));
  }

  private static MeasuredSpeed speed(int batch, double decode) {
    return MeasuredSpeed.newBuilder()
        .setBatchSize(batch)
        .setDecodeTokensPerSecond(decode)
        .setPrefillTokensPerSecond(1_000)
        .build();
  }

  private void report(Fleet fleet, NodeStream stream, int node) {
    NodeLoad report =
        NodeLoad.newBuilder()
            .setState(NodeState.NODE_STATE_READY)
            .addModels(
                ModelLoad.newBuilder()
                    .setModel("m")
                    .setRunningSequences(Math.min(BATCH, load[node]))
                    .setWaitingSequences(Math.max(0, load[node] - BATCH)))
            .build();
    // It takes its time to arrive.
    world.after(
        world.between(World.MILLIS, 20 * World.MILLIS),
        () -> {
          try {
            fleet.report(stream, report);
          } catch (RefusedReportException refused) {
            throw new AssertionError(refused);
          }
        });
    world.after(REPORT_NANOS, () -> report(fleet, stream, node));
  }

  private void ask() {
    Fleet fleet = fleets.get(world.random.nextInt(ROUTERS));
    PlacementRequest request =
        new PlacementRequest(
            "m",
            ringfence.router.routing.Zone.SITE,
            100,
            1,
            100,
            1,
            10_000,
            world.random.nextLong(),
            Map.of(),
            world.random.nextLong(),
            null,
            Set.of(),
            world.now());
    Placed there = (Placed) placer.place(request, fleet.targets());
    placed++;
    int node = Integer.parseInt(there.target().name().substring("node-".length()));
    InFlight inFlight = fleet.begin(there.target(), "m", 1, 100);
    load[node]++;
    world.after(
        world.between(ANSWER_NANOS / 2, ANSWER_NANOS * 3 / 2),
        () -> {
          load[node]--;
          inFlight.ended();
        });
    double rate = UTILISATION * NODES * BATCH / ANSWER_NANOS;
    world.after((long) (-Math.log(1 - world.random.nextDouble()) / rate), this::ask);
  }

  @Test
  void routersThatShareNothingSpreadTheLoad() {
    for (int i = 0; i < ROUTERS; i++) {
      Fleet fleet =
          new Fleet(NODES, 10 * World.SECONDS, world::now, () -> Instant.EPOCH, new Unobserved());
      fleets.add(fleet);
      for (int node = 0; node < NODES; node++) {
        register(fleet, node);
      }
    }
    ask();
    int most = 0;
    long sampled = 0;
    double squares = 0;
    for (int sample = 1; sample <= 5; sample++) {
      long until = (2 + sample / 2) * World.SECONDS;
      while (world.now() < until) {
        world.step();
      }
      double mean = Arrays.stream(load).average().orElse(0);
      for (int one : load) {
        most = Math.max(most, one);
        squares += (one - mean) * (one - mean);
        sampled++;
      }
    }
    double deviation = Math.sqrt(squares / sampled);
    double mean = Arrays.stream(load).average().orElse(0);
    System.out.printf(
        "%d placed; sequences on a node: mean %.1f, deviation %.2f, most %d%n",
        placed, mean, deviation, most);
    // Placed blindly, the deviation would be the mean's root, 2.8, and the most about 18.
    assertThat(mean).isBetween(7.0, 9.0);
    assertThat(deviation).isLessThan(2.0);
    assertThat(most).isLessThanOrEqualTo(BATCH);
  }
}
