package ringfence.router.policy;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// Limits how many wrong keys a source may try: after that, a minute's further tries are refused
/// whether the key is right or wrong, so that guesses learn nothing. Keys that were right from the
/// same source before go on working: a guesser behind the same proxy can't lock others out.
final class FailureLimiter {
  static final int MAX_FAILURES = 20;
  static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);
  static final int MAX_SOURCES = 10_000;
  private static final int MAX_KNOWN_KEYS = 64;

  private static final class Source {
    private long windowStart;
    private int failures;
    private final Set<String> knownKeys = new HashSet<>();
  }

  private final Map<String, Source> sources = new LinkedHashMap<>(16, 0.75f, true);

  /// A wrong key came; true: it was one of too many.
  synchronized boolean failed(String name, long nowNanos) {
    Source source = source(name, nowNanos);
    if (nowNanos - source.windowStart > WINDOW_NANOS) {
      source.windowStart = nowNanos;
      source.failures = 0;
    }
    source.failures = Math.min(source.failures + 1, MAX_FAILURES + 1);
    return source.failures > MAX_FAILURES;
  }

  /// A right key came; true: it is refused all the same, for what else came from there.
  synchronized boolean refusesRight(String name, String keyId, long nowNanos) {
    Source source = source(name, nowNanos);
    boolean blocked =
        source.failures >= MAX_FAILURES
            && nowNanos - source.windowStart <= WINDOW_NANOS
            && !source.knownKeys.contains(keyId);
    if (!blocked && source.knownKeys.size() < MAX_KNOWN_KEYS) {
      source.knownKeys.add(keyId);
    }
    return blocked;
  }

  /// Sources that are remembered.
  synchronized int sources() {
    return sources.size();
  }

  private Source source(String name, long nowNanos) {
    Source source = sources.get(name);
    if (source == null) {
      source = new Source();
      source.windowStart = nowNanos;
      sources.put(name, source);
      // The least recently seen is forgotten.
      if (sources.size() > MAX_SOURCES) {
        var oldest = sources.entrySet().iterator();
        oldest.next();
        oldest.remove();
      }
    }
    return source;
  }
}
