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

  /// Some ten times what the largest known template and a conversation of 4096 messages need.
  static final TemplateLimits DEFAULT =
      new TemplateLimits(256 * 1024, 120, 400, 10_000_000, 8 * 1024 * 1024);
}
