package ringfence.router.policy.detector;

import com.google.re2j.Pattern;

/// An operator's own pattern. RE2 takes time in proportion to the text, whatever the pattern.
public final class PatternDetector implements TextDetector {
  private final String name;
  private final Pattern pattern;

  /// @throws com.google.re2j.PatternSyntaxException when it is no pattern
  public PatternDetector(String name, String pattern) {
    this.name = name;
    this.pattern = Pattern.compile(pattern);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public char needs() {
    return 0;
  }

  @Override
  public boolean finds(Text text) {
    return pattern.matcher(text.value()).find();
  }
}
