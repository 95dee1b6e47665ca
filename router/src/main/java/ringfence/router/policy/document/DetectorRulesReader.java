package ringfence.router.policy.document;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.detector.Detectors;
import ringfence.router.policy.document.DetectorRules.OwnPattern;
import ringfence.router.policy.document.DetectorRules.Words;
import ringfence.router.routing.Zone;

/// Reads a tenant's `detectors`.
final class DetectorRulesReader {
  private static final int MAX_LISTS = 64;
  private static final int MAX_WORDS = 10_000;
  private static final int MAX_WORD = 128;
  private static final int MAX_PATTERNS = 64;
  private static final int MAX_PATTERN = 512;

  private final Map<String, Zone> kinds = new LinkedHashMap<>();
  private final Set<String> off = new HashSet<>();
  private final Set<String> names = new HashSet<>(Detectors.kinds());

  private DetectorRulesReader() {}

  static DetectorRules read(@Nullable YamlValue value) throws PolicyFileException {
    return value == null ? DetectorRules.STANDARD : new DetectorRulesReader().rules(value);
  }

  private DetectorRules rules(YamlValue value) throws PolicyFileException {
    YamlMap map = value.map();
    YamlValue zone = map.find("farthest-zone");
    Zone usual = zone == null ? DetectorRules.STANDARD.farthestZone() : zone.oneOf(Zone.class);
    YamlValue named = map.find("kinds");
    if (named != null) {
      kinds(named);
    }
    List<Words> words = new ArrayList<>();
    YamlValue lists = map.find("words");
    if (lists != null) {
      for (YamlValue list : lists.list(MAX_LISTS)) {
        words.add(words(list, usual));
      }
    }
    List<OwnPattern> patterns = new ArrayList<>();
    YamlValue own = map.find("patterns");
    if (own != null) {
      for (YamlValue pattern : own.list(MAX_PATTERNS)) {
        patterns.add(pattern(pattern, usual));
      }
    }
    map.end();
    return new DetectorRules(usual, kinds, off, words, patterns);
  }

  private void kinds(YamlValue named) throws PolicyFileException {
    for (Map.Entry<String, YamlValue> entry : named.map().entries().entrySet()) {
      YamlValue value = entry.getValue();
      if (!Detectors.kinds().contains(entry.getKey())) {
        throw value.wrong(
            "there is no such detector; there are: " + String.join(", ", Detectors.kinds()));
      }
      if (value.literal("off or a zone").equals("off")) {
        off.add(entry.getKey());
      } else {
        kinds.put(entry.getKey(), value.oneOf(Zone.class));
      }
    }
  }

  private Words words(YamlValue value, Zone usual) throws PolicyFileException {
    YamlMap map = value.map();
    String name = name(map.get("name"));
    List<String> words = new ArrayList<>();
    for (YamlValue word : map.get("words").list(MAX_WORDS)) {
      String text = word.text().strip();
      if (text.length() > MAX_WORD || text.codePoints().noneMatch(Character::isLetterOrDigit)) {
        throw word.wrong(
            "expected at most " + MAX_WORD + " characters with a letter or a digit among them");
      }
      words.add(text);
    }
    Zone zone = zone(map, usual);
    map.end();
    return new Words(name, words, zone);
  }

  private OwnPattern pattern(YamlValue value, Zone usual) throws PolicyFileException {
    YamlMap map = value.map();
    String name = name(map.get("name"));
    YamlValue text = map.get("pattern");
    String pattern = text.text();
    if (pattern.length() > MAX_PATTERN) {
      throw text.wrong("expected at most " + MAX_PATTERN + " characters");
    }
    Pattern compiled;
    try {
      compiled = Pattern.compile(pattern);
    } catch (RuntimeException notRe2) {
      throw text.wrong("not a pattern in RE2's syntax: " + notRe2.getMessage());
    }
    if (compiled.matcher("").find()) {
      throw text.wrong("matches every text");
    }
    Zone zone = zone(map, usual);
    map.end();
    return new OwnPattern(name, pattern, zone);
  }

  private String name(YamlValue value) throws PolicyFileException {
    String name = value.matching(PolicyReader.NAME, PolicyReader.NAME_RULE);
    if (!names.add(name)) {
      throw value.wrong("there is another detector of this name");
    }
    return name;
  }

  private static Zone zone(YamlMap map, Zone usual) throws PolicyFileException {
    YamlValue zone = map.find("farthest-zone");
    return zone == null ? usual : zone.oneOf(Zone.class);
  }
}
