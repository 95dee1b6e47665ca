package ringfence.node.template;

/// Why a chat template could not be read or did not produce a prompt.
///
/// The message names the place in the template and quotes only what the template itself wrote: text
/// that came with a request is replaced by `…`.
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final Kind kind;
  private final String reason;
  private final int line;
  private final int column;

  TemplateException(Kind kind, String reason, int line, int column) {
    super(
        line == 0
            ? "chat template: " + reason
            : "chat template, line " + line + ", column " + column + ": " + reason);
    this.kind = kind;
    this.reason = reason;
    this.line = line;
    this.column = column;
  }

  /// A failure that belongs to no place in the template.
  static TemplateException withoutPlace(Kind kind, String reason) {
    return new TemplateException(kind, reason, 0, 0);
  }

  /// What kind of failure.
  public Kind kind() {
    return kind;
  }

  /// What went wrong, without the place; for [Kind#REFUSED] the template's own words.
  public String reason() {
    return reason;
  }

  /// Line in the template, from 1; 0 where there is no place.
  public int line() {
    return line;
  }

  /// Column in characters, from 1; 0 where there is no place.
  public int column() {
    return column;
  }

  /// Kinds of failure.
  public enum Kind {
    /// The model file has no chat template.
    MISSING,
    /// The template's text is not well-formed.
    SYNTAX,
    /// A statement, filter, test or function that this engine does not have; the reason names it.
    UNSUPPORTED,
    /// The template itself refused the messages with `raise_exception`.
    REFUSED,
    /// The template did something impossible with these messages, such as adding text to a number.
    FAILED,
    /// A limit of size, depth or work was exceeded.
    LIMIT,
    /// The request, not the template, is at fault: its JSON is malformed or it sets reserved names.
    INPUT
  }
}
