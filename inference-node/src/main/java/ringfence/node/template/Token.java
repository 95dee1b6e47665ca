package ringfence.node.template;

/// A piece of a template's text.
///
/// @param text the piece itself; a string literal's value after unescaping
/// @param at position in the template, newlines normalised
record Token(Kind kind, String text, int at) {
  /// Kinds of tokens.
  enum Kind {
    DATA("text"),
    OUTPUT_BEGIN("'{{'"),
    OUTPUT_END("'}}'"),
    STATEMENT_BEGIN("'{%'"),
    STATEMENT_END("'%}'"),
    NAME("a name"),
    STRING("a string"),
    INTEGER("an integer"),
    FLOAT("a number"),
    OPERATOR("an operator"),
    END("the end of the template");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /// For error messages.
    String words() {
      return words;
    }
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  /// For error messages.
  String words() {
    return switch (kind) {
      case NAME, OPERATOR, INTEGER, FLOAT -> "'" + text + "'";
      case DATA, OUTPUT_BEGIN, OUTPUT_END, STATEMENT_BEGIN, STATEMENT_END, STRING, END ->
          kind.words();
    };
  }
}
