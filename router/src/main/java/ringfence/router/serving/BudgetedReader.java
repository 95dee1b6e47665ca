package ringfence.router.serving;

import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Usage;
import ringfence.router.Failures;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.policy.budget.Spending;

/// Counts an answer against what was reserved for it. What would go beyond that is not passed on,
/// and the request ends.
final class BudgetedReader implements AnswerReader {
  private final AnswerReader reader;
  private final Spending spending;
  private final Executor executor;
  private volatile @Nullable Dispatch dispatch;
  private @Nullable Failure overrun;
  private boolean countsAtEnd;

  /// @param executor where an overrun answer is aborted: never from within one of its own events
  BudgetedReader(AnswerReader reader, Spending spending, Executor executor) {
    this.reader = reader;
    this.spending = spending;
    this.executor = executor;
  }

  /// What is ended when the budget is.
  void aborts(Dispatch aborted) {
    dispatch = aborted;
  }

  @Override
  public boolean ready() {
    return reader.ready();
  }

  @Override
  public void event(RouteEvent event) {
    if (overrun != null) {
      return;
    }
    Failure refused = count(event);
    if (refused == null) {
      reader.event(event);
      return;
    }
    overrun = refused;
    Dispatch aborted = dispatch;
    if (aborted != null) {
      executor.execute(() -> aborted.abort(refused));
    }
  }

  private @Nullable Failure count(RouteEvent event) {
    return switch (event.getEventCase()) {
      case PLACEMENT -> {
        spending.leads(event.getPlacement().getAttempt());
        yield null;
      }
      case BEGUN -> {
        countsAtEnd = event.getBegun().getCountsAtEnd();
        if (countsAtEnd) {
          spending.begunUncounted();
          yield null;
        }
        yield spending.begun(Integer.toUnsignedLong(event.getBegun().getPromptTokens()));
      }
      case TOKEN ->
          spending.token(Integer.toUnsignedLong(event.getToken().getStandsFor()))
              ? null
              : Failures.of(
                  Reason.INSUFFICIENT_QUOTA,
                  "The answer is longer than what the budget held for it. Set max_tokens.");
      case DONE -> {
        counted(event.getDone().getUsage());
        yield null;
      }
      case FINISH, EVENT_NOT_SET -> null;
    };
  }

  private void counted(Usage usage) {
    long answer = Integer.toUnsignedLong(usage.getAnswerTokens());
    if (!countsAtEnd) {
      spending.counted(answer);
    } else if (usage.getPromptTokens() != 0) {
      spending.countedAtEnd(Integer.toUnsignedLong(usage.getPromptTokens()), answer);
    }
  }

  @Override
  public void completed() {
    Failure refused = overrun;
    if (refused == null) {
      reader.completed();
    } else {
      // The answer came to its end before it could be aborted, and somebody waits for one.
      reader.failed(refused);
    }
  }

  @Override
  public void failed(Failure failure) {
    reader.failed(failure);
  }
}
