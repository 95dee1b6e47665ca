package ringfence.router.policy.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.policy.document.Upstream.Price;
import ringfence.router.routing.Zone;

@Timeout(60)
class BudgetsTest {
  private Instant now = Instant.parse("2026-11-25T10:00:00Z");
  private final Budgets budgets = new Budgets(() -> now);

  private void limit(BudgetLimit... limits) {
    budgets.limit(document(limits));
  }

  private static PolicyDocument document(BudgetLimit... limits) {
    Tenant tenant =
        new Tenant("t", Zone.SITE, Duration.ZERO, List.of(limits), DetectorRules.STANDARD);
    return new PolicyDocument("v", Map.of("t", tenant), List.of(), Map.of());
  }

  private Spending reserve(long prompt, long answer) {
    Reservation reservation = budgets.reserve("t", prompt, answer);
    assertThat(reservation).isInstanceOf(Spending.class);
    return (Spending) reservation;
  }

  private Failure refusal(long prompt, long answer) {
    Reservation reservation = budgets.reserve("t", prompt, answer);
    assertThat(reservation).isInstanceOf(Reservation.Refused.class);
    return ((Reservation.Refused) reservation).failure();
  }

  @Test
  void severalRoutersTogetherLetNoMoreBeUsedThanTheBudget() {
    PolicyDocument whole = document(new BudgetLimit(Window.DAY, 7L, 100L, null));
    long tokens = 0;
    long requests = 0;
    for (int router = 0; router < 3; router++) {
      Budgets one = new Budgets(() -> now);
      one.limit(whole.withPartOfBudgets(3));
      while (one.reserve("t", 10, 1) instanceof Spending) {
        tokens += 11;
        requests++;
      }
    }
    assertThat(requests).isEqualTo(6);
    assertThat(tokens).isLessThanOrEqualTo(100);
    assertThat(whole.withPartOfBudgets(1)).isSameAs(whole);
  }

  private Amounts spent(Window window) {
    return budgets.spent().stream()
        .filter(one -> one.tenant().equals("t") && one.window() == window)
        .findFirst()
        .orElseThrow()
        .amounts();
  }

  @Test
  void whatIsNotUsedIsFreeAgain() {
    limit(new BudgetLimit(Window.DAY, null, 100L, null));
    Spending first = reserve(60, 40);
    assertThat(refusal(1, 0).getReason()).isEqualTo(Reason.INSUFFICIENT_QUOTA);
    assertThat(first.begun(10)).isNull();
    assertThat(first.token()).isTrue();
    // 10 + 40 are held, 50 are free.
    Spending second = reserve(10, 40);
    assertThat(refusal(1, 0).getMessage()).contains("0 of 100 tokens left", "max_tokens");
    first.end();
    first.end();
    second.end();
    assertThat(spent(Window.DAY)).isEqualTo(new Amounts(1, 11, 0));
    assertThat(budgets.account("t").reserved(Window.DAY)).isEqualTo(Amounts.NOTHING);
    reserve(89, 0);
  }

  @Test
  void whatCanNeverFitSaysSoAndWhatCanSaysWhen() {
    limit(new BudgetLimit(Window.HOUR, null, 100L, null));
    assertThat(refusal(90, 11).getRetryAfterMillis()).isZero();
    Spending held = reserve(100, 0);
    held.begun(100);
    held.end();
    now = now.plus(Duration.ofMinutes(59));
    assertThat(refusal(1, 0).getRetryAfterMillis()).isEqualTo(60_000);
    now = now.plus(Duration.ofMinutes(1));
    reserve(100, 0);
  }

  @Test
  void aClockThatJumpsBackOpensNoWindowAnew() {
    limit(new BudgetLimit(Window.HOUR, 1L, null, null));
    reserve(1, 0);
    now = now.minus(Duration.ofHours(5));
    assertThat(refusal(1, 0).getMessage()).contains("0 of 1 requests");
  }

  @Test
  void aLatePaymentBelongsToTheWindowItWasReservedIn() {
    limit(new BudgetLimit(Window.HOUR, null, 100L, null));
    Spending early = reserve(50, 50);
    now = now.plus(Duration.ofHours(1));
    Spending late = reserve(50, 50);
    early.begun(50);
    early.end();
    assertThat(spent(Window.HOUR)).isEqualTo(Amounts.NOTHING);
    late.end();
    assertThat(budgets.account("t").reserved(Window.HOUR)).isEqualTo(Amounts.NOTHING);
  }

  @Test
  void moneyIsReservedForEachAttempt() {
    // A token of the answer costs 2, one of the prompt 1.
    limit(new BudgetLimit(Window.DAY, null, null, 100L));
    Price price = new Price(1, 2);
    Spending spending = reserve(20, 30);
    assertThat(spending.attempt(1, Price.FREE)).isNull();
    assertThat(spending.attempt(2, price)).isNull();
    // 20 + 60 are held.
    Spending other = reserve(20, 10);
    assertThat(other.attempt(1, price)).isNotNull();
    assertThat(other.attempt(1, Price.FREE)).isNull();
    spending.leads(2);
    spending.begun(10);
    spending.token();
    // The next can cost 10 + 58 beside it, and the two together too much.
    assertThat(spending.attempt(3, price)).isNotNull();
    spending.ended(1, true);
    other.ended(1, true);
    assertThat(other.attempt(2, new Price(1, 0))).isNull();
    assertThat(other.attempt(3, new Price(1, 1))).isNotNull();
    spending.token();
    spending.end();
    other.end();
    assertThat(spent(Window.DAY)).isEqualTo(new Amounts(1, 12, 10 + 4));
    assertThat(budgets.account("t").reserved(Window.DAY)).isEqualTo(Amounts.NOTHING);
  }

  @Test
  void aTokenBeyondTheReservationIsNotDelivered() {
    limit(new BudgetLimit(Window.DAY, null, 10L, null));
    Spending spending = reserve(5, 2);
    assertThat(spending.begun(9)).isNotNull();
    assertThat(spending.token()).isTrue();
    assertThat(spending.token()).isTrue();
    assertThat(spending.token()).isFalse();
    spending.end();
    assertThat(spent(Window.DAY).tokens()).isLessThanOrEqualTo(10);
  }

  @Test
  void twoHundredClientsNeverOverspendByOneToken() throws Exception {
    limit(
        new BudgetLimit(Window.DAY, null, 5_000L, 20_000L),
        new BudgetLimit(Window.MONTH, 300L, null, null));
    AtomicLong delivered = new AtomicLong();
    AtomicLong served = new AtomicLong();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Void>> clients = new ArrayList<>();
      for (int client = 0; client < 200; client++) {
        Random random = new Random(client);
        clients.add(() -> {
          for (int i = 0; i < 20; i++) {
            client(random, delivered, served);
          }
          return null;
        });
      }
      for (var done : threads.invokeAll(clients)) {
        done.get();
      }
    }
    Amounts day = spent(Window.DAY);
    assertThat(day.tokens()).isEqualTo(delivered.get()).isLessThanOrEqualTo(5_000);
    assertThat(day.moneyNanos()).isLessThanOrEqualTo(20_000);
    assertThat(day.requests()).isEqualTo(served.get()).isLessThanOrEqualTo(300);
    assertThat(served.get()).isPositive();
    assertThat(budgets.account("t").reserved(Window.DAY)).isEqualTo(Amounts.NOTHING);
    assertThat(budgets.account("t").reserved(Window.MONTH)).isEqualTo(Amounts.NOTHING);
  }

  private static boolean leads(Spending spending) {
    spending.leads(1);
    return true;
  }

  /// Two attempts that run at the same time: what both can cost is held, and the one that lost the
  /// race has cost its prompt.
  @Test
  void aHedgeReservesBesideTheAttemptThatItRaces() {
    limit(new BudgetLimit(Window.DAY, null, null, 100L));
    Price price = new Price(1, 2);
    Spending spending = reserve(10, 15);
    assertThat(spending.attempt(1, price)).isNull();
    assertThat(spending.attempt(2, price)).isNull();
    assertThat(budgets.account("t").reserved(Window.DAY).moneyNanos()).isEqualTo(80);
    assertThat(reserve(10, 6).attempt(1, price)).isNotNull();
    spending.ended(1, true);
    spending.leads(2);
    spending.begun(10);
    spending.token();
    spending.end();
    assertThat(spent(Window.DAY).moneyNanos()).isEqualTo(10 + 10 + 2);
  }

  @Test
  void aTargetThatCountsAtTheEndIsBookedByItsCounts() {
    limit(new BudgetLimit(Window.DAY, null, 100L, 1_000L));
    Spending spending = reserve(40, 20);
    assertThat(spending.attempt(1, new Price(1, 2))).isNull();
    spending.leads(1);
    spending.begunUncounted();
    assertThat(spending.token(30)).isTrue();
    spending.countedAtEnd(12, 7);
    spending.end();
    assertThat(spent(Window.DAY)).isEqualTo(new Amounts(1, 19, 12 + 14));
    assertThat(budgets.account("t").reserved(Window.DAY)).isEqualTo(Amounts.NOTHING);
  }

  private void client(Random random, AtomicLong delivered, AtomicLong served) {
    int prompt = 1 + random.nextInt(40);
    int most = 1 + random.nextInt(60);
    if (budgets.reserve("t", prompt + random.nextInt(40), most) instanceof Spending spending) {
      long tokens = 0;
      if (spending.attempt(1, new Price(random.nextInt(3), random.nextInt(6))) == null
          && random.nextInt(8) > 0
          && leads(spending)
          && spending.begun(prompt) == null) {
        tokens = prompt;
        int answer = random.nextInt(most + 1);
        for (int i = 0; i < answer; i++) {
          Thread.yield();
          tokens += spending.token() ? 1 : 0;
        }
        served.incrementAndGet();
      }
      spending.end();
      delivered.addAndGet(tokens);
    }
  }

  @Test
  void aRestartForgetsNothingThatWasWrittenDown(@TempDir Path folder) throws Exception {
    limit(new BudgetLimit(Window.DAY, null, 100L, null));
    Spending spending = reserve(70, 10);
    spending.begun(70);
    SpentFile file = new SpentFile(folder.resolve("policy.spent"));
    assertThat(file.read()).isEmpty();
    // What is reserved is not spent: a crash frees it.
    file.write(budgets.spent());
    assertThat(Files.exists(folder.resolve("policy.spent"))).isFalse();
    spending.end();
    file.write(budgets.spent());

    Budgets after = new Budgets(() -> now);
    after.limit(document(new BudgetLimit(Window.DAY, null, 100L, null)));
    after.restore(new SpentFile(folder.resolve("policy.spent")).read());
    assertThat(after.reserve("t", 31, 0)).isInstanceOf(Reservation.Refused.class);
    assertThat(after.reserve("t", 30, 0)).isInstanceOf(Spending.class);

    now = now.plus(Duration.ofDays(1));
    Budgets tomorrow = new Budgets(() -> now);
    tomorrow.limit(document(new BudgetLimit(Window.DAY, null, 100L, null)));
    tomorrow.restore(file.read());
    assertThat(tomorrow.reserve("t", 100, 0)).isInstanceOf(Spending.class);

    Files.writeString(folder.resolve("policy.spent"), "t DAY yesterday 1 2 3\n");
    assertThatIOException()
        .isThrownBy(file::read)
        .withMessageContaining("policy.spent line 1")
        .withMessageContaining("remove the file");
  }
}
