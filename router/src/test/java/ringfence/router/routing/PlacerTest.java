package ringfence.router.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Reason;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.Placement.Verdict;
import ringfence.router.routing.PlacementRequest.Continuation;

class PlacerTest {
  private static final long SILENCE = 2_000_000_000L;
  private final Placer placer = Placer.standard(SILENCE, 128);

  @Provide
  Arbitrary<List<TargetView>> fleets() {
    return Targets.anyFleet();
  }

  @Provide
  Arbitrary<PlacementRequest> requests() {
    Arbitrary<Continuation> continuations =
        Arbitraries.of("n1", "n2")
            .injectNull(0.3)
            .map(numerics -> new Continuation(Targets.DIGEST, numerics))
            .injectNull(0.5);
    return Combinators.combine(
            Arbitraries.of(Zone.class),
            Arbitraries.integers().between(0, 5_000),
            Arbitraries.integers().between(1, 128),
            Arbitraries.longs(),
            continuations,
            Arbitraries.of("node-0/first", "node-1/first", "node-2/first").set())
        .as((zone, prompt, choices, key, continuation, excluded) ->
            Targets.request("tiny", zone, prompt, key, choices, continuation, excluded));
  }

  @Property(tries = 2_000)
  void nothingIsEverPlacedOutsideTheLabelOrWhereItCannotRun(
      @ForAll("requests") PlacementRequest request, @ForAll("fleets") List<TargetView> targets) {
    if (placer.place(request, targets) instanceof Placed placed) {
      TargetView target = placed.target();
      assertThat(target.zone().isFartherThan(request.farthestZone())).isFalse();
      assertThat(target.draining()).isFalse();
      assertThat(request.nowNanos() - target.heardNanos()).isLessThanOrEqualTo(SILENCE);
      assertThat(request.excluded()).doesNotContain(target.id());
      ModelView model = target.model("tiny");
      assertThat(model.contextLength()).isGreaterThan(request.leastPromptTokens());
      if (request.continuation() != null) {
        assertThat(model.digest()).isEqualTo(request.continuation().digest());
        if (request.continuation().numerics() != null) {
          assertThat(target.deterministic()).isTrue();
          assertThat(target.numerics()).isEqualTo(request.continuation().numerics());
        }
      }
      assertThat(placed.predictedMillis()).isPositive().isFinite();
    }
  }

  @Property(tries = 500)
  void aRefusalMeansThatNoTargetCouldHaveServed(
      @ForAll("requests") PlacementRequest request, @ForAll("fleets") List<TargetView> targets) {
    if (placer.place(request, targets) instanceof Refused) {
      for (TargetView target : targets) {
        assertThat(placer.place(request, List.of(target))).isInstanceOf(Refused.class);
      }
    }
  }

  @Property(tries = 500)
  void everyTargetHasOneVerdictWithAReason(
      @ForAll("requests") PlacementRequest request, @ForAll("fleets") List<TargetView> targets) {
    List<Verdict> verdicts = placer.place(request, targets).verdicts();
    assertThat(verdicts).extracting(Verdict::target).containsExactlyElementsOf(targets);
    assertThat(verdicts)
        .allSatisfy(verdict -> {
          assertThat(verdict.decidedBy()).isNotBlank();
          assertThat(verdict.explanation()).isNotBlank();
        });
  }

  @Property(tries = 500)
  void thePlacementDoesNotDependOnTheOrderOfTargets(
      @ForAll("requests") PlacementRequest request,
      @ForAll("fleets") List<TargetView> targets,
      @ForAll Random random) {
    List<TargetView> shuffled = new ArrayList<>(targets);
    Collections.shuffle(shuffled, random);
    assertThat(outcome(placer.place(request, shuffled)))
        .isEqualTo(outcome(placer.place(request, targets)));
  }

  private static Object outcome(Placement placement) {
    return switch (placement) {
      case Placed placed -> placed.target();
      case Refused refused -> refused.reason();
    };
  }

  @Example
  void overflowsOnlyWhereEveryNearerTargetMissesTheObjectiveAndTheLabelAllows() {
    // 500 tokens of prompt at 50 tokens a second: 10 s and a bit with what waits.
    TargetView slow = Targets.target("slow", Zone.DEVICE, Targets.model(0, 10, speeds(5)));
    TargetView fast = Targets.target("fast", Zone.DATACENTER, Targets.model(0, 0, speeds(100)));
    PlacementRequest patient = Targets.with(Targets.request(Zone.DATACENTER), 11_000, Map.of(), 1);
    PlacementRequest hasty = Targets.with(Targets.request(Zone.DATACENTER), 5_000, Map.of(), 1);
    PlacementRequest held = Targets.with(Targets.request(Zone.SITE), 5_000, Map.of(), 1);
    assertThat(outcome(placer.place(patient, List.of(slow, fast)))).isEqualTo(slow);
    Placed overflow = (Placed) placer.place(hasty, List.of(slow, fast));
    assertThat(overflow.target()).isEqualTo(fast);
    assertThat(overflow.decidedBy()).isEqualTo("overflow");
    assertThat(overflow.verdicts().getFirst().explanation()).isEqualTo("misses the objective");
    assertThat(outcome(placer.place(held, List.of(slow, fast)))).isEqualTo(slow);
  }

  @Example
  void whereAllMissTheObjectiveTheSoonestToFinishIsTaken() {
    TargetView slow = Targets.target("slow", Zone.DEVICE, Targets.model(0, 0, speeds(5)));
    TargetView fast = Targets.target("fast", Zone.DATACENTER, Targets.model(0, 0, speeds(100)));
    PlacementRequest impossible = Targets.with(Targets.request(Zone.DATACENTER), 1, Map.of(), 1);
    Placed placed = (Placed) placer.place(impossible, List.of(slow, fast));
    assertThat(placed.target()).isEqualTo(fast);
    assertThat(placed.decidedBy()).isEqualTo("least-late");
  }

  @Example
  void goesWhereThePromptsBeginningLiesUnlessAQueueCostsMore() {
    TargetView idle = Targets.target("idle", Zone.SITE, Targets.model(0, 0, speeds(50)));
    TargetView holder = Targets.target("holder", Zone.SITE, Targets.model(1, 0, speeds(50)));
    TargetView busy = Targets.target("holder", Zone.SITE, Targets.model(12, 4_000, speeds(50)));
    PlacementRequest known =
        Targets.with(Targets.request(Zone.SITE), 60_000, Map.of("holder", 450), 1);
    Placed placed = (Placed) placer.place(known, List.of(idle, holder));
    assertThat(placed.target()).isEqualTo(holder);
    assertThat(placed.decidedBy()).isEqualTo("prefix-cache");
    assertThat(outcome(placer.place(known, List.of(idle, busy)))).isEqualTo(idle);
  }

  @Example
  void amongManyAlikeTwoAreDrawnAndTheBetterOneIsTaken() {
    List<TargetView> targets = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      targets.add(Targets.target("node-" + i, Zone.SITE, Targets.model(i % 2, 0, speeds(50))));
    }
    Map<Object, Integer> counts = new HashMap<>();
    int idle = 0;
    for (int i = 0; i < 10_000; i++) {
      PlacementRequest request =
          Targets.with(Targets.request(Zone.SITE), 60_000, Map.of(), i * 0x5851F42D4C957F2DL);
      TargetView chosen = (TargetView) outcome(placer.place(request, targets));
      counts.merge(chosen, 1, Integer::sum);
      idle += chosen.model("tiny").sequences() == 0 ? 1 : 0;
    }
    // Both of a pair are loaded in a quarter of the draws.
    assertThat(idle).isBetween(7_200, 7_800);
    assertThat(counts.size()).isEqualTo(100);
    assertThat(counts.values().stream().mapToInt(count -> count).max().orElse(0)).isLessThan(210);
  }

  @Example
  void aTieGoesToTheNearerZone() {
    TargetView far = Targets.target("far", Zone.DATACENTER, Targets.model(0, 0, speeds(50)));
    TargetView near = Targets.target("near", Zone.SITE, Targets.model(0, 0, speeds(49.9)));
    assertThat(outcome(placer.place(Targets.request(Zone.DATACENTER), List.of(far, near))))
        .isEqualTo(near);
  }

  @Example
  void tiesWithinAZoneGoWhereTheSamePrefixWent() {
    List<TargetView> targets = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      targets.add(Targets.target("node-" + i, Zone.SITE, Targets.model(0, 0, speeds(50))));
    }
    Map<Long, Object> home = new HashMap<>();
    Map<Object, Integer> counts = new HashMap<>();
    for (long key = 0; key < 1_000; key++) {
      Object chosen = outcome(placer.place(withKey(key * 0x12345), targets));
      home.put(key, chosen);
      counts.merge(chosen, 1, Integer::sum);
    }
    assertThat(counts.values())
        .hasSize(5)
        .allSatisfy(count -> assertThat(count).isGreaterThan(100));
    TargetView gone = targets.removeLast();
    for (long key = 0; key < 1_000; key++) {
      if (!home.get(key).equals(gone)) {
        assertThat(outcome(placer.place(withKey(key * 0x12345), targets))).isEqualTo(home.get(key));
      }
    }
  }

  private static PlacementRequest withKey(long key) {
    return Targets.request("tiny", Zone.SITE, 500, key);
  }

  @Example
  void loadMovesRequestsToIdleTargets() {
    TargetView busy = Targets.target("busy", Zone.DEVICE, Targets.model(12, 5_000, speeds(50)));
    TargetView idle = Targets.target("idle", Zone.SITE, Targets.model(0, 0, speeds(50)));
    assertThat(outcome(placer.place(Targets.request(Zone.SITE), List.of(busy, idle))))
        .isEqualTo(idle);
  }

  @Example
  void saysWhyThereIsNoTarget() {
    TargetView far = Targets.target("far", Zone.DATACENTER, Targets.model(0, 0, speeds(50)));
    TargetView full = Targets.target("full", Zone.SITE, Targets.model(144, 0, speeds(50)));
    PlacementRequest site = Targets.request(Zone.SITE);
    assertThat(reason(site, List.of())).isEqualTo(Reason.NO_CAPACITY);
    assertThat(reason(site, List.of(far))).isEqualTo(Reason.NO_TARGET_IN_ZONE);
    assertThat(reason(site, List.of(full, far))).isEqualTo(Reason.NO_CAPACITY);
    PlacementRequest other = Targets.request("other", Zone.SITE, 500, 42);
    assertThat(reason(other, List.of(full))).isEqualTo(Reason.UNKNOWN_MODEL);
    PlacementRequest tooLong = Targets.request("tiny", Zone.SITE, 9_000, 42);
    assertThat(reason(tooLong, List.of(full))).isEqualTo(Reason.CONTEXT_LENGTH_EXCEEDED);
  }

  @Example
  void aModelThatIsServedOnlyFartherAwayIsNotUnknown() {
    TargetView far = Targets.target("far", Zone.DATACENTER, Targets.model(0, 0, speeds(50)));
    ModelView otherModel =
        new ModelView("other", Targets.DIGEST, 100, 100, 1, 0, 0, Speeds.UNMEASURED);
    TargetView near = Targets.target("near", Zone.SITE, otherModel);
    assertThat(reason(Targets.request(Zone.SITE), List.of(near, far)))
        .isEqualTo(Reason.NO_TARGET_IN_ZONE);
  }

  private Reason reason(PlacementRequest request, List<TargetView> targets) {
    return ((Refused) placer.place(request, targets)).reason();
  }

  private static Speeds speeds(double decode) {
    return Targets.speeds(decode, decode * 10);
  }

  @Example
  void speedsAreInterpolatedBetweenBatchSizes() {
    Speeds speeds =
        Speeds.of(List.of(new Speeds.Measured(1, 10, 100), new Speeds.Measured(5, 30, 100)));
    assertThat(speeds.decode(1)).isEqualTo(10);
    assertThat(speeds.decode(3)).isEqualTo(20);
    assertThat(speeds.decode(9)).isEqualTo(30);
    assertThat(Speeds.of(List.of(new Speeds.Measured(0, Double.NaN, -1))))
        .isSameAs(Speeds.UNMEASURED);
  }
}
