package ringfence.node.template;

/// How much a template may be and do.
///
/// @param templateChars longest template
/// @param parseDepth deepest nesting of statements, brackets and operators in the template's text
/// @param renderDepth deepest nesting of evaluations, macro calls included
/// @param steps evaluated nodes, loop rounds and produced characters (one step for each
///   [#CHARS_PER_STEP]) of one rendering
/// @param textChars longest single text, the output included
record TemplateLimits(
    int templateChars, int parseDepth, int renderDepth, long steps, int textChars) {
  static final int CHARS_PER_STEP = 16;

  /// Enough for 4096 messages in every known template but those whose work grows with the square of
  /// the number of messages; those stop after some 1500. Spent in about a second.
  static final TemplateLimits DEFAULT =
      new TemplateLimits(256 * 1024, 120, 400, 10_000_000, 8 * 1024 * 1024);
}
