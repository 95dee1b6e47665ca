package ringfence.router.upstream;

import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.Upstream.Limits;

/// What one upstream is busy with, and whether it works: its limits, its circuit breaker, and how
/// fast it has answered. Safe for use by many threads.
///
/// The breaker opens after several failures in a row. It closes when a question without content is
/// answered ([#probeDue]); each question that fails makes the pause before the next one longer.
public final class UpstreamGate {
  private static final int FAILURES_IN_A_ROW = 5;
  private static final long FIRST_PAUSE_NANOS = 5_000_000_000L;
  private static final long LONGEST_PAUSE_NANOS = 300_000_000_000L;
  private static final double WEIGHT = 0.2;

  private final String name;
  private final UpstreamObserver observer;
  private final Allowance requests = new Allowance();
  private final Allowance tokens = new Allowance();
  private Limits limits;
  private int inFlight;
  private int failures;
  private boolean open;
  private long pauseNanos = FIRST_PAUSE_NANOS;
  private long probeAtNanos;
  private double firstSeconds = 1;
  private double tokensPerSecond = 40;

  UpstreamGate(String name, Limits limits, UpstreamObserver observer) {
    this.name = name;
    this.limits = limits;
    this.observer = observer;
  }

  /// So much a minute, refilling evenly; it may go below nothing, and is then waited for.
  private static final class Allowance {
    private static final double MINUTE_NANOS = 60e9;
    private double left;
    private double most = -1;
    private long atNanos;

    boolean has(@Nullable Integer perMinute, long nowNanos) {
      if (perMinute == null) {
        return true;
      }
      if (most != perMinute) {
        left = most < 0 ? perMinute : Math.min(left, perMinute);
        most = perMinute;
        atNanos = nowNanos;
      }
      left = Math.min(most, left + most * (nowNanos - atNanos) / MINUTE_NANOS);
      atNanos = nowNanos;
      return left >= 1;
    }

    void take(long amount) {
      left -= amount;
    }
  }

  synchronized void limit(Limits newLimits) {
    limits = newLimits;
  }

  /// Why it takes nothing now; null: it does.
  public synchronized @Nullable String unavailable(long nowNanos) {
    if (open) {
      return "its circuit breaker is open";
    }
    if (inFlight >= limits.maxInFlight()) {
      return "has as many requests in flight as it may";
    }
    if (!requests.has(limits.requestsPerMinute(), nowNanos)) {
      return "has had its requests of this minute";
    }
    return tokens.has(limits.tokensPerMinute(), nowNanos)
        ? null
        : "has had its tokens of this minute";
  }

  /// What a placement looks at.
  ///
  /// @param firstSeconds to the first piece of an answer, as learned
  /// @param tokensPerSecond of one answer, as learned
  /// @param unavailable as [#unavailable] says
  record State(
      int inFlight, double firstSeconds, double tokensPerSecond, @Nullable String unavailable) {}

  synchronized State state(long nowNanos) {
    return new State(inFlight, firstSeconds, tokensPerSecond, unavailable(nowNanos));
  }

  /// An attempt is about to leave for it; whoever entered must leave once.
  ///
  /// @return why it may not; null: it may
  public synchronized @Nullable String enter(long promptTokens, long nowNanos) {
    String why = unavailable(nowNanos);
    if (why == null) {
      inFlight++;
      requests.take(1);
      tokens.take(promptTokens);
    }
    return why;
  }

  /// The attempt has ended.
  ///
  /// @param moreTokens that it took beyond those it entered with
  public synchronized void leave(long moreTokens) {
    inFlight--;
    tokens.take(moreTokens);
  }

  /// It has answered.
  ///
  /// @param first seconds to the first piece of the answer
  /// @param rate tokens a second after it; 0: not observed
  public void worked(double first, double rate) {
    boolean closes;
    synchronized (this) {
      failures = 0;
      closes = open;
      open = false;
      pauseNanos = FIRST_PAUSE_NANOS;
      if (first > 0) {
        firstSeconds += WEIGHT * (first - firstSeconds);
      }
      if (rate > 0) {
        tokensPerSecond += WEIGHT * (rate - tokensPerSecond);
      }
    }
    if (closes) {
      observer.closed(name);
    }
  }

  /// It has failed: was not reached, broke off, or refused its key.
  ///
  /// @param why no content
  public void failed(String why, long nowNanos) {
    boolean opens;
    synchronized (this) {
      failures++;
      opens = !open && failures >= FAILURES_IN_A_ROW;
      if (opens) {
        open = true;
        probeAtNanos = nowNanos + pauseNanos;
      }
    }
    if (opens) {
      observer.opened(name, why);
    }
  }

  /// Whether it is time to ask it whether it works again; asking is then put off until the next
  /// time.
  public synchronized boolean probeDue(long nowNanos) {
    if (!open || probeAtNanos - nowNanos > 0) {
      return false;
    }
    pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
    probeAtNanos = nowNanos + pauseNanos;
    return true;
  }
}
