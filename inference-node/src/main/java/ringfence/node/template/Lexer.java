package ringfence.node.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import ringfence.node.template.Token.Kind;

/// Template text to tokens, with the whitespace rules that chat templates are written for:
/// `trim_blocks` (the newline after a statement or comment goes) and `lstrip_blocks` (so does the
/// indentation before one), `-` and `+` markers, and no newline kept at the end.
final class Lexer {
  private static final List<String> LONG_OPERATORS = List.of("==", "!=", ">=", "<=", "//", "**");
  private static final String OPERATORS = "+-/*%~[](){}><=.:|,;";

  private final Source source;
  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;

  /// Nothing or a newline was consumed right before: indentation may be stripped.
  private boolean lineStarts = true;

  private Lexer(Source source) {
    this.source = source;
    this.text = source.text();
  }

  static List<Token> read(Source source) {
    Lexer lexer = new Lexer(source);
    lexer.readAll();
    return lexer.tokens;
  }

  private void readAll() {
    while (at < text.length()) {
      int tag = nextTag(at);
      if (tag < 0) {
        data(at, text.length());
        at = text.length();
        break;
      }
      char kind = text.charAt(tag + 1);
      char marker = charAt(tag + 2);
      data(at, keptUntil(at, tag, kind, marker));
      at = tag + (marker == '-' || marker == '+' ? 3 : 2);
      switch (kind) {
        case '#' -> comment(tag);
        case '{' -> inside(tag, Kind.OUTPUT_BEGIN, Kind.OUTPUT_END, "}}");
        default -> {
          if (!raw(tag)) {
            inside(tag, Kind.STATEMENT_BEGIN, Kind.STATEMENT_END, "%}");
          }
        }
      }
      lineStarts = text.charAt(at - 1) == '\n';
    }
    tokens.add(new Token(Kind.END, "", text.length()));
  }

  private int nextTag(int from) {
    for (int i = text.indexOf('{', from); i >= 0; i = text.indexOf('{', i + 1)) {
      char next = charAt(i + 1);
      if (next == '{' || next == '%' || next == '#') {
        return i;
      }
    }
    return -1;
  }

  /// Where the text before a tag ends once the whitespace that the tag strips is gone.
  private int keptUntil(int from, int tag, char kind, char marker) {
    if (marker == '-') {
      int end = tag;
      while (end > from && PythonChars.isSpace(text.charAt(end - 1))) {
        end--;
      }
      return end;
    }
    if (marker == '+' || kind == '{') {
      return tag;
    }
    int lineStart = Math.max(text.lastIndexOf('\n', tag - 1) + 1, from);
    boolean wholeLine = lineStart > from || (from == lineStart && startsLine(from));
    for (int i = lineStart; wholeLine && i < tag; i++) {
      wholeLine = PythonChars.isSpace(text.charAt(i));
    }
    return wholeLine ? lineStart : tag;
  }

  private boolean startsLine(int from) {
    return from == at && lineStarts;
  }

  private void data(int from, int to) {
    if (from < to) {
      tokens.add(new Token(Kind.DATA, text.substring(from, to), from));
    }
  }

  private void comment(int tag) {
    int end = text.indexOf("#}", at);
    if (end < 0) {
      throw source.syntax("this comment has no end", tag);
    }
    char marker = end > at ? text.charAt(end - 1) : ' ';
    at = end + 2;
    afterStatement(marker);
  }

  /// Strips what follows a statement, a comment or an `endraw`.
  private void afterStatement(char marker) {
    if (marker == '-') {
      skipSpaces();
    } else if (marker != '+' && charAt(at) == '\n') {
      at++;
    }
  }

  /// Reads `raw ... endraw`, of which `at` is inside the first tag, or leaves all as it is.
  private boolean raw(int tag) {
    int begin = wordTag(at, "raw");
    if (begin < 0) {
      return false;
    }
    boolean stripAfter = text.charAt(begin - 3) == '-';
    at = begin;
    if (stripAfter) {
      skipSpaces();
    }
    lineStarts = text.charAt(at - 1) == '\n';
    for (int i = text.indexOf("{%", at); i >= 0; i = text.indexOf("{%", i + 1)) {
      char marker = charAt(i + 2);
      int end = wordTag(i + (marker == '-' || marker == '+' ? 3 : 2), "endraw");
      if (end >= 0) {
        data(at, keptUntil(at, i, '%', marker));
        at = end;
        afterStatement(text.charAt(end - 3));
        return true;
      }
    }
    throw source.syntax("this raw block has no end", tag);
  }

  /// The end of a tag that holds only this word, or -1.
  private int wordTag(int from, String word) {
    int i = from;
    while (PythonChars.isSpace(charAt(i))) {
      i++;
    }
    if (!text.startsWith(word, i)) {
      return -1;
    }
    i += word.length();
    while (PythonChars.isSpace(charAt(i))) {
      i++;
    }
    if (charAt(i) == '-' || charAt(i) == '+') {
      i++;
    }
    return text.startsWith("%}", i) ? i + 2 : -1;
  }

  private void inside(int tag, Kind begin, Kind end, String closing) {
    tokens.add(new Token(begin, "", tag));
    Deque<Token> open = new ArrayDeque<>();
    while (true) {
      skipSpaces();
      if (at >= text.length()) {
        throw source.syntax("this tag has no end", tag);
      }
      int start = at;
      char c = text.charAt(at);
      boolean marked = c == '-' || (c == '+' && end == Kind.STATEMENT_END);
      if (open.isEmpty() && text.startsWith(closing, marked ? at + 1 : at)) {
        tokens.add(new Token(end, "", start));
        at += closing.length() + (marked ? 1 : 0);
        if (end == Kind.STATEMENT_END) {
          afterStatement(c);
        } else if (marked) {
          skipSpaces();
        }
        return;
      }
      if (c == '\'' || c == '"') {
        tokens.add(string(c));
      } else if (isDigit(c)) {
        tokens.add(number());
      } else if (c == '_' || Character.isLetter(text.codePointAt(at))) {
        while (at < text.length() && isNamePart(text.codePointAt(at))) {
          at += Character.charCount(text.codePointAt(at));
        }
        tokens.add(new Token(Kind.NAME, text.substring(start, at), start));
      } else {
        tokens.add(operator(open));
      }
    }
  }

  private Token operator(Deque<Token> open) {
    int start = at;
    for (String operator : LONG_OPERATORS) {
      if (text.startsWith(operator, at)) {
        at += 2;
        return new Token(Kind.OPERATOR, operator, start);
      }
    }
    char c = text.charAt(at++);
    if (OPERATORS.indexOf(c) < 0) {
      throw source.syntax("unexpected character", start);
    }
    Token token = new Token(Kind.OPERATOR, String.valueOf(c), start);
    if (c == '(' || c == '[' || c == '{') {
      open.push(token);
    } else if (c == ')' || c == ']' || c == '}') {
      String opening = c == ')' ? "(" : c == ']' ? "[" : "{";
      if (open.isEmpty() || !open.pop().isOperator(opening)) {
        throw source.syntax("unexpected '" + c + "'", start);
      }
    }
    return token;
  }

  private Token number() {
    int start = at;
    if (text.charAt(at) == '0' && "xXoObB".indexOf(charAt(at + 1)) >= 0 && charAt(at + 1) != 0) {
      at += 2;
      while (Character.digit(charAt(at), 16) >= 0 || charAt(at) == '_') {
        at++;
      }
      return new Token(Kind.INTEGER, text.substring(start, at), start);
    }
    digits();
    boolean fraction = false;
    boolean afterDot = start > 0 && text.charAt(start - 1) == '.';
    if (!afterDot && charAt(at) == '.' && isDigit(charAt(at + 1))) {
      fraction = true;
      at++;
      digits();
    }
    if (!afterDot && (charAt(at) == 'e' || charAt(at) == 'E')) {
      int sign = charAt(at + 1) == '-' || charAt(at + 1) == '+' ? 1 : 0;
      if (isDigit(charAt(at + 1 + sign))) {
        fraction = true;
        at += 1 + sign;
        digits();
      }
    }
    return new Token(fraction ? Kind.FLOAT : Kind.INTEGER, text.substring(start, at), start);
  }

  private void digits() {
    while (isDigit(charAt(at)) || (charAt(at) == '_' && isDigit(charAt(at + 1)))) {
      at++;
    }
  }

  private Token string(char quote) {
    int start = at;
    StringBuilder value = new StringBuilder();
    at++;
    while (charAt(at) != quote || at >= text.length()) {
      if (at >= text.length()) {
        throw source.syntax("this string has no end", start);
      }
      char c = text.charAt(at++);
      if (c != '\\') {
        value.append(c);
      } else if (at < text.length()) {
        escape(value, text.charAt(at++));
      }
    }
    at++;
    return new Token(Kind.STRING, value.toString(), start);
  }

  private void escape(StringBuilder value, char c) {
    switch (c) {
      case 'n' -> value.append('\n');
      case 't' -> value.append('\t');
      case 'r' -> value.append('\r');
      case 'b' -> value.append('\b');
      case 'f' -> value.append('\f');
      case 'v' -> value.append('\u000b');
      case 'a' -> value.append('\u0007');
      case '\\', '\'', '"' -> value.append(c);
      case '\n' -> {}
      case 'x' -> value.appendCodePoint(code(2, 16));
      case 'u' -> value.appendCodePoint(code(4, 16));
      case 'U' -> value.appendCodePoint(code(8, 16));
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        at--;
        int digits = 1;
        while (digits < 3 && charAt(at + digits) >= '0' && charAt(at + digits) <= '7') {
          digits++;
        }
        value.appendCodePoint(code(digits, 8));
      }
      default -> value.append('\\').append(c);
    }
  }

  private int code(int digits, int radix) {
    try {
      int code = Integer.parseInt(text, at, Math.min(at + digits, text.length()), radix);
      at += digits;
      if (code >= 0 && Character.isValidCodePoint(code) && at <= text.length()) {
        return code;
      }
    } catch (NumberFormatException malformed) {
      // Reported below, like a number that is no character.
    }
    throw source.syntax("malformed escape in a string", at);
  }

  private void skipSpaces() {
    while (at < text.length() && PythonChars.isSpace(text.charAt(at))) {
      at++;
    }
  }

  /// 0 beyond the end.
  private char charAt(int index) {
    return index < text.length() ? text.charAt(index) : 0;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isNamePart(int c) {
    return c == '_' || Character.isLetterOrDigit(c);
  }
}
