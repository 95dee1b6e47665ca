package ringfence.router.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.router.simulation.Mutants.Planted;
import ringfence.router.simulation.Violation.Rule;

/// The real code in thousands of small worlds in which things go wrong; and the proof that the
/// worlds would notice if the code were wrong. [Seeds] runs as many as one likes.
class SimulationTest {
  private static final long SEEDS = 3_000;
  private static final long MUTANT_SEEDS = 2_000;

  @Test
  void everyInvariantHoldsWhateverGoesWrong() throws Exception {
    Seeds.Outcome outcome = Seeds.run(1, SEEDS, Runtime.getRuntime().availableProcessors());
    assertThat(outcome.failed())
        .as(() ->
            "replay it: ./mvnw -Psimulation -pl router -am test -DskipTests -Dseed="
                + outcome.failed().seed())
        .isNull();
    // A simulation that meets nothing proves nothing.
    Statistics met = outcome.statistics();
    assertThat(met.of("ended: completed")).isGreaterThan(3 * SEEDS);
    for (String what :
        List.of(
            "resumed",
            "moved: STALLED",
            "moved: HEDGED",
            "moved: DRAINED",
            "waited and found room",
            "waited for a lost node",
            "waited for first reports",
            "refused before nodes reported",
            "asked just after a start",
            "late",
            "duplicated",
            "fault: NODE_CRASH",
            "fault: PARTITION",
            "fault: HALF_OPEN",
            "fault: ROUTER_CRASH",
            "disk full",
            "over budget",
            "recorded")) {
      assertThat(met.of(what)).as(what).isGreaterThan(SEEDS / 200);
    }
    for (String rare : List.of("refused by the ledger", "moved on to an upstream")) {
      assertThat(met.of(rare)).as(rare).isGreaterThan(SEEDS / 1_000);
    }
  }

  @Test
  void theSameSeedIsTheSameRun() {
    for (long seed = 1; seed < 20; seed++) {
      Statistics one = new Statistics();
      Statistics other = new Statistics();
      assertThat(Seeds.run(seed, one)).isNull();
      assertThat(Seeds.run(seed, other)).isNull();
      assertThat(one.toString()).isEqualTo(other.toString());
    }
  }

  /// Bugs, and the rule that they break.
  enum Bug {
    DELIVERS_WHATEVER_COMES(
        Rule.NothingTwice,
        Mutants.returnsConstant(
            "dispatch.AnswerProgress", "token", "dispatch.AnswerProgress$Step", "DELIVER")),
    TAKES_A_BROKEN_ANSWER_FOR_A_WHOLE_ONE(
        Rule.NothingLost, Mutants.returnsTrue("dispatch.AnswerProgress", "allFinished")),
    GOES_ON_WITH_OTHER_ARITHMETIC(
        Rule.NothingLost,
        Mutants.returnsTrue("dispatch.Answer", "goesOn"),
        Mutants.returnsNull("routing.filter.ContinuationFilter", "rejects")),
    FORGETS_THE_ZONE(Rule.NeverOutsideZone, Mutants.returnsFalse("routing.Zone", "isFartherThan")),
    FORGETS_THE_LEDGER(Rule.LedgerBeforeBytes, Mutants.returnsFalse("egress.Exit", "mustRecord")),
    FORGETS_THE_BUDGET(Rule.BudgetHolds, Mutants.returnsFalse("policy.budget.Account", "exceeds")),
    TRUSTS_A_DISK_THAT_ONLY_SAYS_IT_SYNCED(
        Rule.LedgerBeforeBytes, Mutants.doesNothing("disk.MemoryDisk", "force")),
    FORGETS_WHAT_WAS_DELIVERED(
        Rule.BudgetHolds,
        Mutants.returnsTrue("policy.budget.Spending", "token"),
        Mutants.doesNothing("policy.budget.Spending", "counted")),
    DOES_NOT_CANCEL(Rule.NoOrphanSequence, Mutants.doesNothing("dispatch.Attempt", "ended")),
    FORGETS_THE_DEADLINE(
        Rule.EveryRequestEnds, Mutants.doesNothing("dispatch.Dispatch", "deadline")),
    FORGETS_LOST_NODES(Rule.LostNodesAreAwaited, Mutants.doesNothing("fleet.LostNodes", "add")),
    REFUSES_BEFORE_NODES_COULD_REPORT(
        Rule.FirstReportsAreAwaited, Mutants.returnsFalse("dispatch.Prospects", "mayYetBeServed")),
    LEAVES_THE_SITE_BEFORE_NODES_COULD_REPORT(
        Rule.NearNodesAreAwaited, Mutants.returnsFalse("dispatch.Prospects", "holdsBack"));

    private final Rule rule;
    private final List<Planted> planted;

    Bug(Rule rule, Planted... planted) {
      this.rule = rule;
      this.planted = List.of(planted);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPlantedBugIsCaught(Bug bug) throws Exception {
    assertThat(Mutants.caught(bug.planted, MUTANT_SEEDS)).isEqualTo(bug.rule.name());
  }
}
