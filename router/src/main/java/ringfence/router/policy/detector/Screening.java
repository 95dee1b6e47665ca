package ringfence.router.policy.detector;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import ringfence.proto.v1.RouteRequest;

/// Runs a tenant's detectors over all of a request, once.
public final class Screening {
  private static final int MAX_LAYERS = 3;

  private final TextScanner scanner;

  /// @param detectors those that are on
  public Screening(List<Detector> detectors) {
    scanner = new TextScanner(detectors);
  }

  /// What came of it.
  ///
  /// @param kinds what was found, by name
  /// @param complete false: a detector failed or time was up, so that nothing is known
  public record Result(Set<String> kinds, boolean complete) {
    public Result {
      kinds = Set.copyOf(kinds);
    }
  }

  private static final class TimeUp extends RuntimeException {
    TimeUp() {
      super("", null, false, false);
    }
  }

  /// Looks at a request; never throws.
  ///
  /// @param nanoClock monotonic
  /// @param limitNanos how long it may take
  public Result look(RouteRequest request, LongSupplier nanoClock, long limitNanos) {
    Set<String> found = new TreeSet<>();
    long began = nanoClock.getAsLong();
    Runnable limit =
        () -> {
          if (nanoClock.getAsLong() - began > limitNanos) {
            throw new TimeUp();
          }
        };
    try {
      if (PromptTexts.hasUnreadable(request)) {
        found.add(Detectors.UNREADABLE);
      }
      PromptTexts.each(request, text -> look(text, 0, found, limit));
      return new Result(found, true);
    } catch (RuntimeException | StackOverflowError failed) {
      // Whatever it was, it may have been content that made it fail: nothing is said of it.
      return new Result(found, false);
    }
  }

  /// What a single text holds.
  public Set<String> look(String text) {
    Set<String> found = new TreeSet<>();
    look(text, 0, found, () -> {});
    return found;
  }

  private void look(String text, int layer, Set<String> found, Runnable limit) {
    limit.run();
    String normal = Normaliser.normalise(text);
    scanner.scan(new Text(normal), found, limit);
    if (layer == MAX_LAYERS) {
      return;
    }
    for (String decoded : Decoded.runs(normal)) {
      look(decoded, layer + 1, found, limit);
    }
    String plain = Decoded.unescaped(normal);
    if (plain != null) {
      look(plain, layer + 1, found, limit);
    }
  }
}
