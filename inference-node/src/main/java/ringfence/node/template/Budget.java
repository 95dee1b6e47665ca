package ringfence.node.template;

/// What is left of the limits of one rendering.
final class Budget {
  private final TemplateLimits limits;
  private long steps;
  private int depth;

  Budget(TemplateLimits limits) {
    this.limits = limits;
    this.steps = limits.steps();
  }

  /// Counts work that is about to be done.
  void spend(long amount) {
    steps -= amount;
    if (steps < 0) {
      throw limit("it needs more than " + limits.steps() + " steps");
    }
  }

  /// Counts a text about to be made and refuses one that is too long.
  void spendText(long chars) {
    if (chars > limits.textChars()) {
      throw limit("it makes a text of more than " + limits.textChars() + " characters");
    }
    spend(chars / TemplateLimits.CHARS_PER_STEP);
  }

  /// Longest text that may be made.
  int textChars() {
    return limits.textChars();
  }

  void enter() {
    if (++depth > limits.renderDepth()) {
      throw limit("evaluation is nested deeper than " + limits.renderDepth());
    }
  }

  void leave() {
    depth--;
  }

  private static RenderFailure limit(String reason) {
    return new RenderFailure(TemplateException.Kind.LIMIT, reason);
  }
}
