package ringfence.router.policy.budget;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.router.policy.document.Upstream.Price;

/// One request's part of its tenant's budgets, from before it is dispatched until it has ended:
/// first the most that it can need, at the end what it has used. Ending it twice counts once.
public final class Spending implements Reservation {
  private final Account account;
  private final InstantSource clock;
  private final List<Account.Usage> held = new ArrayList<>();
  private Amounts reserved = Amounts.NOTHING;
  private long promptTokens;
  private final long mostAnswerTokens;
  private boolean begun;
  private long answerTokens;
  private Price price = Price.FREE;
  private long attemptReserved;
  private boolean attemptBegun;
  private long answerTokensBefore;
  private long moneyNanos;
  private boolean ended;

  Spending(Account account, InstantSource clock, long mostPromptTokens, long mostAnswerTokens) {
    this.account = account;
    this.clock = clock;
    this.promptTokens = mostPromptTokens;
    this.mostAnswerTokens = mostAnswerTokens;
  }

  /// Reserves the request and its tokens.
  synchronized @Nullable Failure open() {
    Amounts most = new Amounts(1, Math.addExact(promptTokens, mostAnswerTokens), 0);
    Failure refused = account.reserve(most, held, clock.instant());
    if (refused == null) {
      reserved = most;
    }
    return refused;
  }

  /// Another attempt is about to leave for a target of that price: reserves what it can cost.
  ///
  /// @return what refuses it; null: it may leave
  public synchronized @Nullable Failure attempt(Price attemptPrice) {
    settleAttempt();
    long most = attemptPrice.nanos(promptTokens, mostAnswerTokens - answerTokens);
    if (most > 0 && !ended) {
      Amounts money = new Amounts(0, 0, most);
      Failure refused = account.extend(money, held, clock.instant());
      if (refused != null) {
        return refused;
      }
      reserved = reserved.plus(money);
    }
    price = attemptPrice;
    attemptReserved = most;
    answerTokensBefore = answerTokens;
    return null;
  }

  /// A target has counted the prompt: what was reserved beyond that is given back.
  ///
  /// @return what refuses a prompt that is longer than was thought possible; null: it is paid for
  public synchronized @Nullable Failure begun(long countedPromptTokens) {
    attemptBegun = true;
    if (begun || ended) {
      return null;
    }
    long less = promptTokens - countedPromptTokens;
    if (less < 0) {
      Failure refused = account.extend(new Amounts(0, -less, 0), held, clock.instant());
      if (refused != null) {
        return refused;
      }
    } else {
      account.settle(new Amounts(0, less, 0), Amounts.NOTHING, held);
    }
    reserved = reserved.minus(new Amounts(0, less, 0));
    promptTokens = countedPromptTokens;
    begun = true;
    return null;
  }

  /// A token is about to be delivered.
  ///
  /// @return false: it is one more than was reserved, and must not be
  public synchronized boolean token() {
    if (answerTokens == mostAnswerTokens) {
      return false;
    }
    answerTokens++;
    attemptBegun = true;
    return true;
  }

  /// What the target says that it was in all; more than was delivered where some of it is not
  /// shown.
  public synchronized void counted(long countedAnswerTokens) {
    answerTokens = Math.max(answerTokens, countedAnswerTokens);
  }

  /// What the last attempt has cost stays reserved until the end; the rest is given back.
  private void settleAttempt() {
    long cost = price.nanos(attemptBegun ? promptTokens : 0, answerTokens - answerTokensBefore);
    long free = Math.max(0, attemptReserved - cost);
    if (free > 0) {
      Amounts money = new Amounts(0, 0, free);
      account.settle(money, Amounts.NOTHING, held);
      reserved = reserved.minus(money);
    }
    moneyNanos += cost;
    attemptReserved = 0;
    attemptBegun = false;
    answerTokensBefore = answerTokens;
    price = Price.FREE;
  }

  /// The request has ended, however it did: what it has used is spent, the rest is free again. A
  /// request that no target has begun has used nothing.
  public synchronized void end() {
    if (ended) {
      return;
    }
    settleAttempt();
    ended = true;
    Amounts used =
        begun || answerTokens > 0
            ? new Amounts(1, (begun ? promptTokens : 0) + answerTokens, moneyNanos)
            : Amounts.NOTHING;
    account.settle(reserved, used, held);
  }
}
