package ringfence.router.policy.document;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;
import org.jspecify.annotations.Nullable;

/// What a tenant may use in one window of time; null is no limit.
///
/// @param tokens of prompts and answers
/// @param moneyNanos of the policy's currency, in billionths
public record BudgetLimit(
    Window window, @Nullable Long requests, @Nullable Long tokens, @Nullable Long moneyNanos) {

  /// One of so many equal parts, rounded down: together they are never more than the whole.
  public BudgetLimit part(int parts) {
    return new BudgetLimit(
        window, part(requests, parts), part(tokens, parts), part(moneyNanos, parts));
  }

  private static @Nullable Long part(@Nullable Long whole, int parts) {
    return whole == null ? null : (Long) (whole / parts);
  }

  /// Windows begin at whole minutes, hours, days, Mondays and months of UTC.
  public enum Window {
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH;

    /// When the window that holds the moment began.
    public Instant start(Instant moment) {
      LocalDate day = moment.atOffset(ZoneOffset.UTC).toLocalDate();
      return switch (this) {
        case MINUTE -> moment.truncatedTo(ChronoUnit.MINUTES);
        case HOUR -> moment.truncatedTo(ChronoUnit.HOURS);
        case DAY -> moment.truncatedTo(ChronoUnit.DAYS);
        case WEEK ->
            day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY))
                .atStartOfDay()
                .toInstant(ZoneOffset.UTC);
        case MONTH -> day.withDayOfMonth(1).atStartOfDay().toInstant(ZoneOffset.UTC);
      };
    }

    /// When the window that began then ends.
    public Instant end(Instant start) {
      return switch (this) {
        case MINUTE -> start.plus(Duration.ofMinutes(1));
        case HOUR -> start.plus(Duration.ofHours(1));
        case DAY -> start.plus(Duration.ofDays(1));
        case WEEK -> start.plus(Duration.ofDays(7));
        case MONTH -> start.atOffset(ZoneOffset.UTC).plusMonths(1).toInstant();
      };
    }
  }
}
