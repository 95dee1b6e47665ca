package ringfence.router.policy.budget;

/// So much of each thing that a budget counts.
///
/// @param tokens of prompts and answers
/// @param moneyNanos in billionths of the currency
public record Amounts(long requests, long tokens, long moneyNanos) {
  static final Amounts NOTHING = new Amounts(0, 0, 0);

  Amounts plus(Amounts other) {
    return new Amounts(
        requests + other.requests, tokens + other.tokens, moneyNanos + other.moneyNanos);
  }

  Amounts minus(Amounts other) {
    return new Amounts(
        requests - other.requests, tokens - other.tokens, moneyNanos - other.moneyNanos);
  }
}
