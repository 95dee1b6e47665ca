package ringfence.router.serving;

import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.RouteEvent;
import ringfence.router.Failures;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.policy.budget.Spending;

/// Counts an answer against what was reserved for it. What would go beyond that is not passed on,
/// and the request ends.
final class BudgetedReader implements AnswerReader {
  private final AnswerReader reader;
  private final Spending spending;
  private volatile @Nullable Dispatch dispatch;
  private boolean overrun;

  BudgetedReader(AnswerReader reader, Spending spending) {
    this.reader = reader;
    this.spending = spending;
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
    if (overrun) {
      return;
    }
    Failure refused = count(event);
    if (refused == null) {
      reader.event(event);
      return;
    }
    overrun = true;
    Dispatch aborted = dispatch;
    if (aborted != null) {
      // Not from within one of its own events.
      var _ = Thread.ofVirtual().start(() -> aborted.abort(refused));
    }
  }

  private @Nullable Failure count(RouteEvent event) {
    return switch (event.getEventCase()) {
      case BEGUN -> spending.begun(Integer.toUnsignedLong(event.getBegun().getPromptTokens()));
      case TOKEN ->
          spending.token()
              ? null
              : Failures.of(
                  Reason.INSUFFICIENT_QUOTA,
                  "The answer is longer than what the budget held for it. Set max_tokens.");
      case DONE -> {
        spending.counted(Integer.toUnsignedLong(event.getDone().getUsage().getAnswerTokens()));
        yield null;
      }
      case PLACEMENT, FINISH, EVENT_NOT_SET -> null;
    };
  }

  @Override
  public void completed() {
    if (!overrun) {
      reader.completed();
    }
  }

  @Override
  public void failed(Failure failure) {
    reader.failed(failure);
  }
}
