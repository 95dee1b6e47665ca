package ringfence.node.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Expression.Arithmetic;
import ringfence.node.template.Expression.CallArguments;
import ringfence.node.template.Expression.Comparison;
import ringfence.node.template.Token.Kind;

/// Expressions of a template by recursive descent. From loosest to tightest: inline `if`, `or`,
/// `and`, `not`, comparisons, `+ -`, `~`, `* / // %`, `**`, signs, then attributes, calls, filters
/// and tests.
final class ExpressionParser {
  private static final Map<String, Comparison> COMPARISONS = new HashMap<>();

  static {
    for (Comparison comparison : Comparison.values()) {
      COMPARISONS.put(comparison.sign(), comparison);
    }
  }

  private final TokenCursor tokens;

  /// How often each name was read so far; tells what a macro's body uses.
  private final Map<String, Integer> uses = new HashMap<>();

  ExpressionParser(TokenCursor tokens) {
    this.tokens = tokens;
  }

  int uses(String name) {
    return uses.getOrDefault(name, 0);
  }

  /// An expression, or several with commas between: a tuple.
  Expression expressions(boolean inlineIf) {
    return sequence(inlineIf, false);
  }

  Expression expression() {
    return expression(true);
  }

  private Expression sequence(boolean inlineIf, boolean inParentheses) {
    int at = tokens.peek().at();
    List<Expression> items = new ArrayList<>();
    boolean tuple = false;
    while (!atSequenceEnd()) {
      items.add(expression(inlineIf));
      if (!tokens.skipOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (!tuple && items.size() == 1) {
      return items.getFirst();
    }
    if (items.isEmpty() && !inParentheses) {
      throw tokens.syntax("expected an expression, found " + tokens.peek().words());
    }
    return new Expression.ListLiteral(items, true, at);
  }

  private boolean atSequenceEnd() {
    return tokens.at(Kind.OUTPUT_END)
        || tokens.at(Kind.STATEMENT_END)
        || tokens.atOperator(")")
        || tokens.atName("recursive");
  }

  private Expression expression(boolean inlineIf) {
    tokens.enter();
    Expression value = or();
    while (inlineIf && tokens.atName("if")) {
      int at = tokens.take().at();
      Expression test = or();
      Expression otherwise = tokens.skipName("else") ? expression(true) : null;
      value = new Expression.Conditional(test, value, otherwise, at);
    }
    tokens.leave();
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (tokens.atName("or")) {
      int at = tokens.take().at();
      left = new Expression.Logical(false, left, and(), at);
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.atName("and")) {
      int at = tokens.take().at();
      left = new Expression.Logical(true, left, not(), at);
    }
    return left;
  }

  private Expression not() {
    if (!tokens.atName("not")) {
      return comparison();
    }
    int at = tokens.take().at();
    tokens.enter();
    Expression operand = not();
    tokens.leave();
    return new Expression.Not(operand, at);
  }

  private Expression comparison() {
    int at = tokens.peek().at();
    Expression first = sum();
    List<Expression.Step> steps = new ArrayList<>();
    for (Comparison operator = comparator(); operator != null; operator = comparator()) {
      steps.add(new Expression.Step(operator, sum()));
    }
    return steps.isEmpty() ? first : new Expression.Compare(first, steps, at);
  }

  private @Nullable Comparison comparator() {
    Token token = tokens.peek();
    if (token.isName("not") && tokens.peekAfter().isName("in")) {
      tokens.take();
      tokens.take();
      return Comparison.NOT_IN;
    }
    boolean possible = token.kind() == Kind.OPERATOR || token.isName("in");
    Comparison operator = possible ? COMPARISONS.get(token.text()) : null;
    if (operator != null) {
      tokens.take();
    }
    return operator;
  }

  private Expression sum() {
    Expression left = concat();
    while (tokens.atOperator("+") || tokens.atOperator("-")) {
      Token sign = tokens.take();
      Arithmetic operator = sign.isOperator("+") ? Arithmetic.ADD : Arithmetic.SUBTRACT;
      left = new Expression.Binary(operator, left, concat(), sign.at());
    }
    return left;
  }

  private Expression concat() {
    Expression first = product();
    if (!tokens.atOperator("~")) {
      return first;
    }
    int at = tokens.peek().at();
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.skipOperator("~")) {
      parts.add(product());
    }
    return new Expression.Concat(parts, at);
  }

  private Expression product() {
    Expression left = power();
    while (true) {
      Token sign = tokens.peek();
      Arithmetic operator =
          sign.kind() != Kind.OPERATOR
              ? null
              : switch (sign.text()) {
                case "*" -> Arithmetic.MULTIPLY;
                case "/" -> Arithmetic.DIVIDE;
                case "//" -> Arithmetic.FLOOR_DIVIDE;
                case "%" -> Arithmetic.MODULO;
                default -> null;
              };
      if (operator == null) {
        return left;
      }
      tokens.take();
      left = new Expression.Binary(operator, left, power(), sign.at());
    }
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.atOperator("**")) {
      int at = tokens.take().at();
      left = new Expression.Binary(Arithmetic.POWER, left, unary(true), at);
    }
    return left;
  }

  private Expression unary(boolean filters) {
    Token sign = tokens.peek();
    Expression value;
    if (sign.isOperator("-") || sign.isOperator("+")) {
      tokens.take();
      tokens.enter();
      value = new Expression.Unary(sign.text().charAt(0), unary(false), sign.at());
      tokens.leave();
    } else {
      value = primary();
    }
    value = postfix(value);
    return filters ? filtersAndTests(value) : value;
  }

  private Expression primary() {
    Token token = tokens.take();
    return switch (token.kind()) {
      case NAME -> name(token);
      case STRING -> {
        StringBuilder whole = new StringBuilder(token.text());
        while (tokens.at(Kind.STRING)) {
          whole.append(tokens.take().text());
        }
        yield new Expression.Literal(Text.trusted(whole.toString()), token.at());
      }
      case INTEGER -> new Expression.Literal(integer(token), token.at());
      case FLOAT ->
          new Expression.Literal(
              new Value.Real(Double.parseDouble(token.text().replace("_", "")), true), token.at());
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> {
              tokens.enter();
              Expression value = sequence(true, true);
              tokens.leave();
              tokens.expectOperator(")");
              yield value;
            }
            case "[" -> list(token.at());
            case "{" -> dict(token.at());
            default -> throw unexpected(token);
          };
      case DATA, OUTPUT_BEGIN, OUTPUT_END, STATEMENT_BEGIN, STATEMENT_END, END ->
          throw unexpected(token);
    };
  }

  private TemplateException unexpected(Token token) {
    return tokens.source().syntax("expected an expression, found " + token.words(), token.at());
  }

  private Expression name(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Expression.Literal(Value.Bool.TRUE, token.at());
      case "false", "False" -> new Expression.Literal(Value.Bool.FALSE, token.at());
      case "none", "None" -> new Expression.Literal(Value.None.NONE, token.at());
      default -> {
        uses.merge(token.text(), 1, Integer::sum);
        yield new Expression.Name(token.text(), token.at());
      }
    };
  }

  private Value integer(Token token) {
    String digits = token.text().replace("_", "").toLowerCase(Locale.ROOT);
    int radix =
        digits.startsWith("0x")
            ? 16
            : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
    if (digits.length() > 100) {
      throw tokens.source().syntax("this number is too long", token.at());
    }
    try {
      return new Value.Int(new BigInteger(radix == 10 ? digits : digits.substring(2), radix), true);
    } catch (NumberFormatException malformed) {
      throw tokens.source().syntax("malformed number", token.at());
    }
  }

  private Expression list(int at) {
    List<Expression> items = new ArrayList<>();
    while (!tokens.atOperator("]")) {
      items.add(expression());
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    tokens.expectOperator("]");
    return new Expression.ListLiteral(items, false, at);
  }

  private Expression dict(int at) {
    List<Expression.Pair> pairs = new ArrayList<>();
    while (!tokens.atOperator("}")) {
      Expression key = expression();
      tokens.expectOperator(":");
      pairs.add(new Expression.Pair(key, expression()));
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    tokens.expectOperator("}");
    return new Expression.DictLiteral(pairs, at);
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.atOperator(".")) {
        int at = tokens.take().at();
        if (tokens.at(Kind.INTEGER)) {
          Token index = tokens.take();
          Expression position = new Expression.Literal(integer(index), index.at());
          value = new Expression.Item(value, position, at);
        } else {
          value = new Expression.Attribute(value, tokens.expect(Kind.NAME).text(), at);
        }
      } else if (tokens.atOperator("[")) {
        value = subscript(value);
      } else if (tokens.atOperator("(")) {
        int at = tokens.peek().at();
        value = new Expression.Call(value, arguments(), at);
      } else {
        return value;
      }
    }
  }

  private Expression subscript(Expression target) {
    int at = tokens.take().at();
    Expression from = tokens.atOperator(":") ? null : expression();
    if (!tokens.atOperator(":")) {
      tokens.expectOperator("]");
      if (from == null) {
        throw tokens.syntax("expected an expression");
      }
      return new Expression.Item(target, from, at);
    }
    tokens.take();
    Expression to = atSliceEnd() ? null : expression();
    Expression step = tokens.skipOperator(":") && !atSliceEnd() ? expression() : null;
    tokens.expectOperator("]");
    return new Expression.Slice(target, from, to, step, at);
  }

  private boolean atSliceEnd() {
    return tokens.atOperator(":") || tokens.atOperator("]");
  }

  private Expression filtersAndTests(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.atOperator("|")) {
        value = filter(value);
      } else if (tokens.atName("is")) {
        value = test(value);
      } else if (tokens.atOperator("(")) {
        int at = tokens.peek().at();
        value = new Expression.Call(value, arguments(), at);
      } else {
        return value;
      }
    }
  }

  private Expression.Filter filter(@Nullable Expression input) {
    tokens.expectOperator("|");
    return namedFilter(input);
  }

  private Expression.Filter namedFilter(@Nullable Expression input) {
    Token name = tokens.expect(Kind.NAME);
    CallArguments arguments = tokens.atOperator("(") ? arguments() : CallArguments.NONE;
    return new Expression.Filter(input, name.text(), arguments, name.at());
  }

  /// Filters with no input of their own: `| one | two(2)`.
  List<Expression.Filter> filterChain(boolean startsWithName) {
    List<Expression.Filter> filters = new ArrayList<>();
    if (startsWithName) {
      filters.add(namedFilter(null));
    }
    while (tokens.atOperator("|")) {
      filters.add(filter(null));
    }
    return filters;
  }

  private Expression test(Expression input) {
    int at = tokens.take().at();
    boolean negated = tokens.skipName("not");
    Token name = tokens.expect(Kind.NAME);
    CallArguments arguments = CallArguments.NONE;
    if (tokens.atOperator("(")) {
      arguments = arguments();
    } else if (atTestOperand()) {
      if (tokens.atName("is")) {
        throw tokens.syntax("tests cannot be chained");
      }
      arguments = new CallArguments(List.of(postfix(primary())), List.of(), null, null);
    }
    Expression test = new Expression.Test(input, name.text(), arguments, name.at());
    return negated ? new Expression.Not(test, at) : test;
  }

  private boolean atTestOperand() {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.isOperator("[") || token.isOperator("{");
      case DATA, OUTPUT_BEGIN, OUTPUT_END, STATEMENT_BEGIN, STATEMENT_END, END -> false;
    };
  }

  private CallArguments arguments() {
    tokens.enter();
    tokens.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    List<Expression.NamedArgument> named = new ArrayList<>();
    Expression star = null;
    Expression doubleStar = null;
    while (!tokens.atOperator(")")) {
      if (doubleStar != null) {
        throw tokens.syntax("nothing may follow a '**' argument");
      }
      if (tokens.skipOperator("**")) {
        doubleStar = expression();
      } else if (star == null && tokens.skipOperator("*")) {
        star = expression();
      } else if (tokens.at(Kind.NAME) && tokens.peekAfter().isOperator("=")) {
        String name = tokens.take().text();
        tokens.take();
        named.add(new Expression.NamedArgument(name, expression()));
      } else if (named.isEmpty() && star == null) {
        positional.add(expression());
      } else {
        throw tokens.syntax("a positional argument follows a named one");
      }
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    tokens.expectOperator(")");
    tokens.leave();
    return new CallArguments(positional, named, star, doubleStar);
  }
}
