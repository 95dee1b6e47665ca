package ringfence.node.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Expression.Arithmetic;
import ringfence.node.template.Expression.Comparison;
import ringfence.node.template.Token.Kind;

/// Operators of a template's expressions by recursive descent. From loosest to tightest: inline
/// `if`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`, `**`, signs, then what
/// [OperandParser] reads.
final class ExpressionParser {
  private static final Map<String, Comparison> COMPARISONS = new HashMap<>();

  static {
    for (Comparison comparison : Comparison.values()) {
      COMPARISONS.put(comparison.sign(), comparison);
    }
  }

  private final TokenCursor tokens;
  private final OperandParser operands;

  ExpressionParser(TokenCursor tokens) {
    this.tokens = tokens;
    this.operands = new OperandParser(tokens, this);
  }

  /// How often a variable of this name was read so far.
  int uses(String name) {
    return operands.uses(name);
  }

  /// Filters with no input of their own: `| one | two(2)`.
  List<Expression.Filter> filterChain(boolean startsWithName) {
    return operands.filterChain(startsWithName);
  }

  /// An expression, or several with commas between: a tuple.
  Expression expressions(boolean inlineIf) {
    return sequence(inlineIf, false);
  }

  Expression expression() {
    return expression(true);
  }

  /// @param inParentheses an empty sequence is the empty tuple
  Expression sequence(boolean inlineIf, boolean inParentheses) {
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
      value = operands.primary();
    }
    value = operands.postfix(value);
    return filters ? operands.filtersAndTests(value) : value;
  }
}
