package ringfence.node.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Expression.CallArguments;
import ringfence.node.template.Token.Kind;

/// What operators work on: literals and names with their attributes, subscripts, calls, filters and
/// tests.
final class OperandParser {
  private final TokenCursor tokens;
  private final ExpressionParser expressions;

  /// How often each name was read so far; tells what a macro's body uses.
  private final Map<String, Integer> uses = new HashMap<>();

  OperandParser(TokenCursor tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  int uses(String name) {
    return uses.getOrDefault(name, 0);
  }

  Expression primary() {
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
              Expression value = expressions.sequence(true, true);
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
      items.add(expressions.expression());
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
      Expression key = expressions.expression();
      tokens.expectOperator(":");
      pairs.add(new Expression.Pair(key, expressions.expression()));
      if (!tokens.skipOperator(",")) {
        break;
      }
    }
    tokens.expectOperator("}");
    return new Expression.DictLiteral(pairs, at);
  }

  Expression postfix(Expression start) {
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
    Expression from = tokens.atOperator(":") ? null : expressions.expression();
    if (!tokens.atOperator(":")) {
      tokens.expectOperator("]");
      if (from == null) {
        throw tokens.syntax("expected an expression");
      }
      return new Expression.Item(target, from, at);
    }
    tokens.take();
    Expression to = atSliceEnd() ? null : expressions.expression();
    Expression step = tokens.skipOperator(":") && !atSliceEnd() ? expressions.expression() : null;
    tokens.expectOperator("]");
    return new Expression.Slice(target, from, to, step, at);
  }

  private boolean atSliceEnd() {
    return tokens.atOperator(":") || tokens.atOperator("]");
  }

  Expression filtersAndTests(Expression start) {
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
        doubleStar = expressions.expression();
      } else if (star == null && tokens.skipOperator("*")) {
        star = expressions.expression();
      } else if (tokens.at(Kind.NAME) && tokens.peekAfter().isOperator("=")) {
        String name = tokens.take().text();
        tokens.take();
        named.add(new Expression.NamedArgument(name, expressions.expression()));
      } else if (named.isEmpty() && star == null) {
        positional.add(expressions.expression());
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
