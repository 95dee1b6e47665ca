package ringfence.node.template;

/// A template's text with normalised newlines, and where a position in it is.
///
/// @param text newlines are `\n`; one at the very end is dropped
record Source(String text) {

  static Source of(String raw) {
    String text = raw.replace("\r\n", "\n").replace('\r', '\n');
    return new Source(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
  }

  TemplateException failure(TemplateException.Kind kind, String reason, int at) {
    int line = 1;
    int lineStart = 0;
    int end = Math.min(at, text.length());
    for (int i = 0; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    return new TemplateException(kind, reason, line, text.codePointCount(lineStart, end) + 1);
  }

  TemplateException syntax(String reason, int at) {
    return failure(TemplateException.Kind.SYNTAX, reason, at);
  }
}
