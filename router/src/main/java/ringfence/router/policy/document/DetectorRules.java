package ringfence.router.policy.document;

import java.util.List;
import java.util.Map;
import java.util.Set;
import ringfence.router.routing.Zone;

/// How far a request may go in which detectors find something.
///
/// @param farthestZone of what is not named below
/// @param kinds built-in detectors with a ceiling of their own
/// @param off built-in detectors that do not run
public record DetectorRules(
    Zone farthestZone,
    Map<String, Zone> kinds,
    Set<String> off,
    List<Words> words,
    List<OwnPattern> patterns) {

  /// Everything is looked for, and what is found stays on the site.
  public static final DetectorRules STANDARD =
      new DetectorRules(Zone.SITE, Map.of(), Set.of(), List.of(), List.of());

  public DetectorRules {
    kinds = Map.copyOf(kinds);
    off = Set.copyOf(off);
    words = List.copyOf(words);
    patterns = List.copyOf(patterns);
  }

  /// An operator's own words, looked for as whole words in any case.
  public record Words(String name, List<String> words, Zone farthestZone) {
    public Words {
      words = List.copyOf(words);
    }
  }

  /// An operator's own pattern in RE2's syntax.
  public record OwnPattern(String name, String pattern, Zone farthestZone) {}
}
