package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Statement.Target;
import ringfence.node.template.Token.Kind;

/// Statements of a template by recursive descent.
final class Parser {
  private static final Set<String> UNSUPPORTED =
      Set.of("include", "import", "from", "extends", "block", "autoescape", "do", "trans", "print");

  private final TokenCursor tokens;
  private final ExpressionParser expressions;
  private int loops;

  private Parser(TokenCursor tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  static List<Statement> parse(Source source, TemplateLimits limits) {
    if (source.text().length() > limits.templateChars()) {
      throw TemplateException.withoutPlace(
          TemplateException.Kind.LIMIT, "longer than " + limits.templateChars() + " characters");
    }
    return new Parser(new TokenCursor(source, Lexer.read(source), limits)).body(Set.of(), "");
  }

  /// Statements up to one of the given words, which is not taken; with no words, up to the end.
  private List<Statement> body(Set<String> ends, String of) {
    tokens.enter();
    List<Statement> body = new ArrayList<>();
    while (!tokens.at(Kind.END)) {
      Token token = tokens.take();
      switch (token.kind()) {
        case DATA -> body.add(new Statement.Data(Text.trusted(token.text())));
        case OUTPUT_BEGIN -> {
          body.add(new Statement.Output(expressions.expressions(true)));
          tokens.expect(Kind.OUTPUT_END);
        }
        default -> {
          if (tokens.at(Kind.NAME) && ends.contains(tokens.peek().text())) {
            tokens.leave();
            return body;
          }
          body.add(statement());
          tokens.expect(Kind.STATEMENT_END);
        }
      }
    }
    if (!ends.isEmpty()) {
      throw tokens.syntax("'" + of + "' has no end");
    }
    tokens.leave();
    return body;
  }

  /// The rest of a statement's own tag, then its body.
  private List<Statement> block(Set<String> ends, String of) {
    tokens.skipOperator(":");
    tokens.expect(Kind.STATEMENT_END);
    return body(ends, of);
  }

  /// A body that ends with `end` + its own name.
  private List<Statement> wholeBlock(String of) {
    List<Statement> body = block(Set.of("end" + of), of);
    tokens.take();
    return body;
  }

  private Statement statement() {
    Token word = tokens.expect(Kind.NAME);
    return switch (word.text()) {
      case "set" -> set();
      case "if" -> conditional();
      case "for" -> loop();
      case "macro" -> macro();
      case "call" -> callBlock(word);
      case "filter" ->
          new Statement.FilterBlock(expressions.filterChain(true), wholeBlock("filter"));
      case "generation" -> new Statement.Generation(wholeBlock("generation"));
      case "with" -> with();
      case "break", "continue" -> {
        if (loops == 0) {
          throw tokens.source().syntax("'" + word.text() + "' outside a loop", word.at());
        }
        yield word.isName("break") ? new Statement.Break() : new Statement.Continue();
      }
      default -> throw unknown(word);
    };
  }

  private TemplateException unknown(Token word) {
    TemplateException.Kind kind =
        UNSUPPORTED.contains(word.text())
            ? TemplateException.Kind.UNSUPPORTED
            : TemplateException.Kind.SYNTAX;
    String reason =
        kind == TemplateException.Kind.UNSUPPORTED
            ? "the statement '" + word.text() + "' is not supported"
            : "unknown statement '" + word.text() + "'";
    return tokens.source().failure(kind, reason, word.at());
  }

  private Statement set() {
    Target target = target(true, true);
    if (tokens.skipOperator("=")) {
      return new Statement.Set(target, expressions.expressions(true));
    }
    List<Expression.Filter> filters = expressions.filterChain(false);
    return new Statement.SetBlock(target, filters, wholeBlock("set"));
  }

  private Statement conditional() {
    List<Statement.Branch> branches = new ArrayList<>();
    Set<String> ends = Set.of("elif", "else", "endif");
    while (true) {
      Expression test = expressions.expressions(false);
      branches.add(new Statement.Branch(test, block(ends, "if")));
      String end = tokens.take().text();
      if (end.equals("endif")) {
        return new Statement.If(branches, List.of());
      }
      if (end.equals("else")) {
        return new Statement.If(branches, wholeBlock("if"));
      }
    }
  }

  private Statement loop() {
    Target target = target(true, false);
    tokens.expectName("in");
    Expression items = expressions.expressions(false);
    Expression filter = tokens.skipName("if") ? expressions.expression() : null;
    if (tokens.atName("recursive")) {
      throw tokens
          .source()
          .failure(
              TemplateException.Kind.UNSUPPORTED,
              "recursive loops are not supported",
              tokens.peek().at());
    }
    loops++;
    List<Statement> body = block(Set.of("else", "endfor"), "for");
    loops--;
    boolean hasElse = tokens.take().isName("else");
    List<Statement> otherwise = hasElse ? wholeBlock("for") : List.of();
    return new Statement.For(target, items, filter, body, otherwise);
  }

  private Statement macro() {
    String name = tokens.expect(Kind.NAME).text();
    List<Statement.Parameter> parameters = parameters();
    Uses before = uses();
    List<Statement> body = bodyOutsideLoops("macro");
    return new Statement.Macro(signature(name, parameters, before), body);
  }

  private Statement callBlock(Token word) {
    List<Statement.Parameter> parameters = parameters();
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw tokens.source().syntax("expected a call", word.at());
    }
    Uses before = uses();
    List<Statement> body = bodyOutsideLoops("call");
    return new Statement.CallBlock(signature("caller", parameters, before), call, body);
  }

  /// How often the names of surplus arguments were read so far.
  private record Uses(int varargs, int kwargs) {}

  private Uses uses() {
    return new Uses(expressions.uses("varargs"), expressions.uses("kwargs"));
  }

  private Statement.Signature signature(
      String name, List<Statement.Parameter> parameters, Uses before) {
    Uses now = uses();
    return new Statement.Signature(
        name, parameters, now.varargs > before.varargs, now.kwargs > before.kwargs);
  }

  /// A loop around a macro is not the loop that `break` in the macro would leave.
  private List<Statement> bodyOutsideLoops(String of) {
    int outerLoops = loops;
    loops = 0;
    List<Statement> body = wholeBlock(of);
    loops = outerLoops;
    return body;
  }

  private List<Statement.Parameter> parameters() {
    List<Statement.Parameter> parameters = new ArrayList<>();
    if (!tokens.skipOperator("(")) {
      return parameters;
    }
    while (!tokens.atOperator(")")) {
      String name = tokens.expect(Kind.NAME).text();
      @Nullable Expression standard = tokens.skipOperator("=") ? expressions.expression() : null;
      if (standard == null && !parameters.isEmpty() && parameters.getLast().standard() != null) {
        throw tokens.syntax("a parameter without a default follows one with a default");
      }
      parameters.add(new Statement.Parameter(name, standard));
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    tokens.expectOperator(")");
    return parameters;
  }

  private Statement with() {
    List<Statement.Set> variables = new ArrayList<>();
    while (!tokens.at(Kind.STATEMENT_END)) {
      Target target = target(false, false);
      tokens.expectOperator("=");
      variables.add(new Statement.Set(target, expressions.expression()));
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    return new Statement.With(variables, wholeBlock("with"));
  }

  private Target target(boolean tuples, boolean attributes) {
    int at = tokens.peek().at();
    List<Target> targets = new ArrayList<>();
    boolean tuple = false;
    do {
      if (tuple && !tokens.at(Kind.NAME) && !tokens.atOperator("(")) {
        break;
      }
      targets.add(oneTarget(attributes));
      tuple |= tuples && tokens.atOperator(",");
    } while (tuples && tokens.skipOperator(","));
    return tuple ? new Statement.TupleTarget(targets, at) : targets.getFirst();
  }

  private Target oneTarget(boolean attributes) {
    int at = tokens.peek().at();
    if (tokens.skipOperator("(")) {
      tokens.enter();
      Target inner = target(true, attributes);
      tokens.leave();
      tokens.expectOperator(")");
      return inner;
    }
    String name = tokens.expect(Kind.NAME).text();
    if (attributes && tokens.skipOperator(".")) {
      return new Statement.AttributeTarget(name, tokens.expect(Kind.NAME).text(), at);
    }
    if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
      throw tokens.source().syntax("cannot assign to '" + name + "'", at);
    }
    return new Statement.NameTarget(name);
  }
}
