package ringfence.router.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/// Targets and requests for placement's tests and benchmark.
final class Targets {
  static final String DIGEST = "d".repeat(64);

  private Targets() {}

  static PlacementRequest request(Zone farthest) {
    return request("tiny", farthest, 500, 42);
  }

  static PlacementRequest request(String model, Zone farthest, int promptTokens, long affinity) {
    return request(model, farthest, promptTokens, affinity, 1, null, Set.of());
  }

  static PlacementRequest request(
      String model,
      Zone farthest,
      int promptTokens,
      long affinity,
      int choices,
      PlacementRequest.Continuation continuation,
      Set<String> excluded) {
    return new PlacementRequest(
        model,
        farthest,
        promptTokens,
        promptTokens > 1_000 ? promptTokens : 8,
        256,
        choices,
        10_000,
        affinity,
        Map.of(),
        affinity * 31,
        continuation,
        excluded,
        0);
  }

  /// The same request with another objective or with targets that have its beginning.
  static PlacementRequest with(
      PlacementRequest one, long maxWaitMillis, Map<String, Integer> cached, long draw) {
    return new PlacementRequest(
        one.model(),
        one.farthestZone(),
        one.promptTokens(),
        one.leastPromptTokens(),
        one.expectedAnswerTokens(),
        one.choices(),
        maxWaitMillis,
        one.affinity(),
        cached,
        draw,
        one.continuation(),
        one.excluded(),
        one.nowNanos());
  }

  static ModelView model(int sequences, long waitingPrompt, Speeds speeds) {
    return new ModelView("tiny", DIGEST, 8_192, 65_536, 16, sequences, waitingPrompt, speeds);
  }

  static TargetView target(String name, Zone zone, ModelView model) {
    return new TargetView(
        name, "first", zone, "127.0.0.1:1", false, 0, true, "n1", Map.of(model.name(), model));
  }

  static Speeds speeds(double decode, double prefill) {
    return Speeds.of(
        List.of(
            new Speeds.Measured(1, decode, prefill),
            new Speeds.Measured(4, decode * 3, prefill),
            new Speeds.Measured(16, decode * 8, prefill)));
  }

  /// A mixed fleet: three zones, three speeds, some load, some nodes with another model, silent or
  /// draining.
  static List<TargetView> fleet(int count, long seed) {
    Random random = new Random(seed);
    List<TargetView> targets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ModelView model =
          model(
              random.nextInt(40),
              random.nextInt(4_000),
              speeds(20 * (1 + random.nextInt(3)), 400 * (1 + random.nextInt(3))));
      targets.add(
          new TargetView(
              "node-" + i,
              "first",
              Zone.values()[random.nextInt(3)],
              "10.0.0.1:" + (1_000 + i),
              random.nextInt(20) == 0,
              random.nextInt(20) == 0 ? -3_000_000_000L : 0,
              true,
              "n1",
              random.nextInt(10) == 0 ? Map.of() : Map.of("tiny", model)));
    }
    return targets;
  }

  static Arbitrary<List<TargetView>> anyFleet() {
    Arbitrary<ModelView> models =
        Combinators.combine(
                Arbitraries.of("tiny", "other"),
                Arbitraries.of(DIGEST, "e".repeat(64)),
                Arbitraries.integers().between(1, 10_000),
                Arbitraries.integers().between(1, 100_000),
                Arbitraries.integers().between(1, 64),
                Arbitraries.integers().between(0, 400),
                Arbitraries.longs().between(0, 100_000),
                Arbitraries.doubles().between(-5, 1_000))
            .as((name, digest, context, kv, most, sequences, waiting, speed) ->
                new ModelView(
                    name,
                    digest,
                    context,
                    kv,
                    most,
                    sequences,
                    waiting,
                    speeds(speed, speed * 10)));
    return Combinators.combine(
            Arbitraries.of(Zone.class),
            Arbitraries.of(true, false, false, false),
            Arbitraries.longs().between(-4_000_000_000L, 0),
            Arbitraries.of(true, false),
            Arbitraries.of("n1", "n2"),
            models)
        .as((zone, draining, heard, deterministic, numerics, model) ->
            new TargetView(
                "",
                "first",
                zone,
                "127.0.0.1:1",
                draining,
                heard,
                deterministic,
                numerics,
                Map.of(model.name(), model)))
        .list()
        .ofMaxSize(20)
        .map(Targets::named);
  }

  private static List<TargetView> named(List<TargetView> targets) {
    List<TargetView> named = new ArrayList<>();
    for (TargetView target : targets) {
      named.add(
          new TargetView(
              "node-" + named.size(),
              target.incarnation(),
              target.zone(),
              target.address(),
              target.draining(),
              target.heardNanos(),
              target.deterministic(),
              target.numerics(),
              target.models()));
    }
    return named;
  }
}
