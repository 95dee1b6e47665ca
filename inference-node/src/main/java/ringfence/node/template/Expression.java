package ringfence.node.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A node of a template's syntax tree that has a value. `at` is its position in the template.
sealed interface Expression {
  int at();

  /// A string, number, true, false or none.
  record Literal(Value value, int at) implements Expression {}

  record Name(String name, int at) implements Expression {}

  record ListLiteral(List<Expression> items, boolean tuple, int at) implements Expression {}

  record DictLiteral(List<Pair> pairs, int at) implements Expression {}

  record Pair(Expression key, Expression value) {}

  /// `target.name`
  record Attribute(Expression target, String name, int at) implements Expression {}

  /// `target[index]`
  record Item(Expression target, Expression index, int at) implements Expression {}

  /// `target[from:to:step]`
  record Slice(
      Expression target,
      @Nullable Expression from,
      @Nullable Expression to,
      @Nullable Expression step,
      int at)
      implements Expression {}

  record Call(Expression function, CallArguments arguments, int at) implements Expression {}

  /// `input | name(arguments)`; the input is null in a filter block.
  record Filter(@Nullable Expression input, String name, CallArguments arguments, int at)
      implements Expression {}

  /// `input is name(arguments)`
  record Test(Expression input, String name, CallArguments arguments, int at)
      implements Expression {}

  record Unary(char operator, Expression operand, int at) implements Expression {}

  record Binary(Arithmetic operator, Expression left, Expression right, int at)
      implements Expression {}

  record Not(Expression operand, int at) implements Expression {}

  /// `and` or `or`; the value is that of the operand that decides.
  record Logical(boolean and, Expression left, Expression right, int at) implements Expression {}

  /// `first < second <= third`
  record Compare(Expression first, List<Step> steps, int at) implements Expression {}

  record Step(Comparison operator, Expression operand) {}

  /// `a ~ b ~ c`
  record Concat(List<Expression> parts, int at) implements Expression {}

  /// `then if test else otherwise`
  record Conditional(Expression test, Expression then, @Nullable Expression otherwise, int at)
      implements Expression {}

  /// Unevaluated arguments of a call, filter or test.
  record CallArguments(
      List<Expression> positional,
      List<NamedArgument> named,
      @Nullable Expression star,
      @Nullable Expression doubleStar) {
    static final CallArguments NONE = new CallArguments(List.of(), List.of(), null, null);

    boolean none() {
      return positional.isEmpty() && named.isEmpty() && star == null && doubleStar == null;
    }
  }

  record NamedArgument(String name, Expression value) {}

  /// Arithmetic operators.
  enum Arithmetic {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    FLOOR_DIVIDE("//"),
    MODULO("%"),
    POWER("**");

    private final String sign;

    Arithmetic(String sign) {
      this.sign = sign;
    }

    String sign() {
      return sign;
    }
  }

  /// Comparing operators.
  enum Comparison {
    EQUAL("=="),
    NOT_EQUAL("!="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    IN("in"),
    NOT_IN("not in");

    private final String sign;

    Comparison(String sign) {
      this.sign = sign;
    }

    String sign() {
      return sign;
    }
  }
}
