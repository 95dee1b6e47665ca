package ringfence.router.serving;

import java.util.concurrent.Executor;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.policy.budget.Spending;

/// The real count of an answer against its budget, for a simulation that has readers of its own.
public final class Budgeted {
  private final BudgetedReader reader;

  public Budgeted(AnswerReader counted, Spending spending, Executor executor) {
    reader = new BudgetedReader(counted, spending, executor);
  }

  public AnswerReader reader() {
    return reader;
  }

  public void aborts(Dispatch dispatch) {
    reader.aborts(dispatch);
  }
}
