package ringfence.router.policy.budget;

import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.BudgetLimit.Window;

/// One tenant's use in each window: what is spent and what is reserved. A reservation belongs to
/// the windows in which it was made, also where it is settled later.
final class Account {
  /// One window's use.
  static final class Usage {
    final Window window;
    final Instant start;
    private Amounts spent;
    private Amounts reserved = Amounts.NOTHING;

    Usage(Window window, Instant start, Amounts spent) {
      this.window = window;
      this.start = start;
      this.spent = spent;
    }
  }

  private final String tenant;
  private final Map<Window, Usage> usages = new EnumMap<>(Window.class);
  private List<BudgetLimit> limits;

  Account(String tenant, List<BudgetLimit> limits) {
    this.tenant = tenant;
    this.limits = limits;
  }

  synchronized void limit(List<BudgetLimit> newLimits) {
    limits = newLimits;
  }

  /// Takes over what was spent before a restart.
  synchronized void restore(Window window, Instant start, Amounts spent) {
    usages.put(window, new Usage(window, start, spent));
  }

  /// Reserves in all windows or in none.
  ///
  /// @param wanted what may be used at most
  /// @return what refuses it; null: it is reserved, in the windows that `held` gets
  synchronized @Nullable Failure reserve(Amounts wanted, List<Usage> held, Instant now) {
    roll(now);
    for (BudgetLimit limit : limits) {
      Usage usage = usages.get(limit.window());
      if (usage != null) {
        Failure refused = refusal(limit, usage, wanted, now);
        if (refused != null) {
          return refused;
        }
      }
    }
    for (Usage usage : usages.values()) {
      usage.reserved = usage.reserved.plus(wanted);
      held.add(usage);
    }
    return null;
  }

  /// Reserves more in windows that a reservation holds already.
  synchronized @Nullable Failure extend(Amounts wanted, List<Usage> held, Instant now) {
    for (BudgetLimit limit : limits) {
      for (Usage usage : held) {
        if (usage.window == limit.window()) {
          Failure refused = refusal(limit, usage, wanted, now);
          if (refused != null) {
            return refused;
          }
        }
      }
    }
    for (Usage usage : held) {
      usage.reserved = usage.reserved.plus(wanted);
    }
    return null;
  }

  /// Gives a reservation back and books what was used of it.
  synchronized void settle(Amounts reserved, Amounts used, List<Usage> held) {
    for (Usage usage : held) {
      usage.reserved = usage.reserved.minus(reserved);
      usage.spent = usage.spent.plus(used);
    }
  }

  private void roll(Instant now) {
    for (Window window : Window.values()) {
      Instant start = window.start(now);
      Usage usage = usages.get(window);
      // A clock that jumps back opens no window anew.
      if (usage == null || usage.start.isBefore(start)) {
        usages.put(window, new Usage(window, start, Amounts.NOTHING));
      }
    }
  }

  private @Nullable Failure refusal(BudgetLimit limit, Usage usage, Amounts wanted, Instant now) {
    Amounts taken = usage.spent.plus(usage.reserved);
    if (exceeds(limit.requests(), taken.requests(), wanted.requests())) {
      return refusal(limit, usage, now, "requests", limit.requests(), taken.requests(), 1, 1);
    }
    if (exceeds(limit.tokens(), taken.tokens(), wanted.tokens())) {
      return refusal(
          limit, usage, now, "tokens", limit.tokens(), taken.tokens(), wanted.tokens(), 1);
    }
    if (exceeds(limit.moneyNanos(), taken.moneyNanos(), wanted.moneyNanos())) {
      return refusal(
          limit,
          usage,
          now,
          "money",
          limit.moneyNanos(),
          taken.moneyNanos(),
          wanted.moneyNanos(),
          1e-9);
    }
    return null;
  }

  private static boolean exceeds(@Nullable Long limit, long taken, long wanted) {
    return limit != null && wanted > 0 && (wanted > limit || taken > limit - wanted);
  }

  private Failure refusal(
      BudgetLimit limit,
      Usage usage,
      Instant now,
      String what,
      @Nullable Long most,
      long taken,
      long wanted,
      double unit) {
    long all = most == null ? 0 : most;
    String window = limit.window().name().toLowerCase(Locale.ROOT);
    String message =
        "The budget of tenant '%s' for this %s has %s of %s %s left, and the request may need %s."
            .formatted(
                tenant,
                window,
                number(Math.max(0, all - taken), unit),
                number(all, unit),
                what,
                number(wanted, unit));
    boolean ever = wanted <= all;
    Instant end = limit.window().end(usage.start);
    return Failure.newBuilder()
        .setReason(Reason.INSUFFICIENT_QUOTA)
        .setMessage(
            message
                + (ever
                    ? " Lower max_tokens, or try again after " + end + "."
                    : " Lower max_tokens, or shorten the prompt."))
        .setRetryAfterMillis(ever ? Math.max(1, end.toEpochMilli() - now.toEpochMilli()) : 0)
        .build();
  }

  private static String number(long value, double unit) {
    return unit == 1
        ? Long.toString(value)
        : java.math.BigDecimal.valueOf(value, 9).stripTrailingZeros().toPlainString();
  }

  /// What has been used in the windows that are open now.
  synchronized List<Spent> spent(Instant now) {
    roll(now);
    return usages.values().stream()
        .map(
            usage -> new Spent(tenant, usage.window, usage.start, usage.spent, limit(usage.window)))
        .toList();
  }

  private @Nullable BudgetLimit limit(Window window) {
    return limits.stream().filter(limit -> limit.window() == window).findAny().orElse(null);
  }

  /// What is reserved and not settled, in the window of a minute; for tests.
  synchronized Amounts reserved(Window window) {
    Usage usage = usages.get(window);
    return usage == null ? Amounts.NOTHING : usage.reserved;
  }
}
