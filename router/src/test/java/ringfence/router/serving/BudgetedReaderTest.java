package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Begun;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Token;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.Spending;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.routing.Zone;

class BudgetedReaderTest {
  private final List<String> heard = new ArrayList<>();
  private final BudgetedReader reader = new BudgetedReader(new Notes(), reserved(2), Runnable::run);

  private static Spending reserved(long answerTokens) {
    Budgets budgets = new Budgets(() -> Instant.parse("2026-11-25T10:00:00Z"));
    Tenant tenant = new Tenant("t", Zone.SITE, Duration.ZERO, List.of(), DetectorRules.STANDARD);
    budgets.limit(new PolicyDocument("v", Map.of("t", tenant), List.of(), Map.of()));
    return (Spending) budgets.reserve("t", 10, answerTokens);
  }

  private void tokens(int count) {
    reader.event(RouteEvent.newBuilder().setBegun(Begun.newBuilder().setPromptTokens(10)).build());
    for (int i = 0; i < count; i++) {
      reader.event(
          RouteEvent.newBuilder()
              .setToken(Token.newBuilder().setStandsFor(1).setOffset(i))
              .build());
    }
  }

  @Test
  void whatWasReservedIsPassedOn() {
    tokens(2);
    reader.completed();
    assertThat(heard).containsExactly("BEGUN", "TOKEN", "TOKEN", "completed");
  }

  @Test
  void anAnswerThatEndsByItselfBeyondItsBudgetIsRefusedAndNotForgotten() {
    tokens(3);
    reader.completed();
    assertThat(heard).containsExactly("BEGUN", "TOKEN", "TOKEN", "INSUFFICIENT_QUOTA");
  }

  private final class Notes implements AnswerReader {
    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void event(RouteEvent event) {
      heard.add(event.getEventCase().name());
    }

    @Override
    public void completed() {
      heard.add("completed");
    }

    @Override
    public void failed(Failure failure) {
      heard.add(failure.getReason().name());
    }
  }
}
