package ringfence.router.policy.budget;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private long delivered;
  private final Map<Integer, Tried> running = new HashMap<>();
  private @Nullable Tried leading;
  private long moneyNanos;
  private boolean ended;

  /// An attempt that has left and is not settled.
  private static final class Tried {
    final Price price;
    final long reserved;
    long answerTokensBefore;

    Tried(Price price, long reserved) {
      this.price = price;
      this.reserved = reserved;
    }
  }

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

  /// Another attempt is about to leave for a target of that price: reserves what it can cost,
  /// beside what others that still run can.
  ///
  /// @return what refuses it; null: it may leave
  public synchronized @Nullable Failure attempt(int number, Price price) {
    long most = price.nanos(promptTokens, mostAnswerTokens - answerTokens);
    if (most > 0 && !ended) {
      Amounts money = new Amounts(0, 0, most);
      Failure refused = account.extend(money, held, clock.instant());
      if (refused != null) {
        return refused;
      }
      reserved = reserved.plus(money);
    }
    running.put(number, new Tried(price, most));
    return null;
  }

  /// From now on the answer comes from that attempt; one that it came from before has ended.
  public synchronized void leads(int number) {
    Tried next = running.remove(number);
    if (next == null) {
      return;
    }
    settleLeading();
    next.answerTokensBefore = answerTokens;
    leading = next;
  }

  /// An attempt that the answer does not come from has ended.
  ///
  /// @param cut it was ended from here: its target has had the prompt, and may have computed it
  public synchronized void ended(int number, boolean cut) {
    Tried tried = running.remove(number);
    if (tried != null) {
      settle(tried, tried.price.nanos(cut ? promptTokens : 0, 0));
    }
  }

  /// A target has counted the prompt: what was reserved beyond that is given back.
  ///
  /// @return what refuses a prompt that is longer than was thought possible; null: it is paid for
  public synchronized @Nullable Failure begun(long countedPromptTokens) {
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

  /// A target has begun that counts at the end only: the most that was thought possible stays
  /// reserved.
  public synchronized void begunUncounted() {
    begun = true;
  }

  /// A token is about to be delivered.
  ///
  /// @return false: it is one more than was reserved, and must not be
  public synchronized boolean token() {
    return token(1);
  }

  /// A piece of the answer is about to be delivered.
  ///
  /// @param standsFor tokens, as an estimate; at least one
  /// @return false: it is one piece more than tokens were reserved, and must not be
  public synchronized boolean token(long standsFor) {
    if (delivered == mostAnswerTokens) {
      return false;
    }
    delivered++;
    answerTokens = Math.min(mostAnswerTokens, answerTokens + Math.max(1, standsFor));
    return true;
  }

  /// What the target says that it was in all; more than was delivered where some of it is not
  /// shown.
  public synchronized void counted(long countedAnswerTokens) {
    answerTokens = Math.max(answerTokens, countedAnswerTokens);
  }

  /// What a target that counts at the end says that it was. Beyond what was reserved nothing is
  /// booked: the reservation is the most that the request could need.
  public synchronized void countedAtEnd(long countedPromptTokens, long countedAnswerTokens) {
    if (ended) {
      return;
    }
    long less = Math.max(0, promptTokens - countedPromptTokens);
    account.settle(new Amounts(0, less, 0), Amounts.NOTHING, held);
    reserved = reserved.minus(new Amounts(0, less, 0));
    promptTokens -= less;
    answerTokens = Math.min(mostAnswerTokens, countedAnswerTokens);
  }

  private void settleLeading() {
    Tried led = leading;
    if (led != null) {
      leading = null;
      settle(
          led, led.price.nanos(promptTokens, Math.max(0, answerTokens - led.answerTokensBefore)));
    }
  }

  /// What an attempt has cost stays reserved until the end; the rest is given back.
  private void settle(Tried tried, long cost) {
    long free = Math.max(0, tried.reserved - cost);
    if (free > 0) {
      Amounts money = new Amounts(0, 0, free);
      account.settle(money, Amounts.NOTHING, held);
      reserved = reserved.minus(money);
    }
    moneyNanos += cost;
  }

  /// What was booked in the end.
  ///
  /// @param booked false: nothing was, no target has begun the request
  public record Used(boolean booked, long promptTokens, long answerTokens, long moneyNanos) {}

  /// The request has ended, however it did: what it has used is spent, the rest is free again. A
  /// request that no target has begun has used nothing.
  public synchronized Used end() {
    if (ended) {
      return used();
    }
    settleLeading();
    running.values().forEach(tried -> settle(tried, 0));
    running.clear();
    ended = true;
    Used used = used();
    account.settle(
        reserved,
        used.booked()
            ? new Amounts(1, used.promptTokens() + used.answerTokens(), used.moneyNanos())
            : Amounts.NOTHING,
        held);
    return used;
  }

  private Used used() {
    boolean booked = begun || answerTokens > 0 || moneyNanos > 0;
    return new Used(
        booked, booked && begun ? promptTokens : 0, booked ? answerTokens : 0, moneyNanos);
  }
}
