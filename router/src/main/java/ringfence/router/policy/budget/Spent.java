package ringfence.router.policy.budget;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.BudgetLimit.Window;

/// What a tenant has used in a window.
///
/// @param limit null: none of that window
public record Spent(
    String tenant, Window window, Instant start, Amounts amounts, @Nullable BudgetLimit limit) {}
