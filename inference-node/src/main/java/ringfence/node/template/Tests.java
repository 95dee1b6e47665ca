package ringfence.node.template;

import java.util.HashMap;
import java.util.Map;
import ringfence.node.template.Expression.Comparison;
import ringfence.node.template.Value.Bool;
import ringfence.node.template.Value.Items;

/// What may follow `is`.
final class Tests {
  private static final Map<String, Test> TESTS = new HashMap<>();

  private Tests() {}

  private interface Test {
    boolean holds(Value input, Arguments arguments, Evaluator evaluator);
  }

  static boolean run(String name, Value input, Arguments arguments, Evaluator evaluator) {
    Test test = TESTS.get(name);
    if (test == null) {
      throw RenderFailure.unsupported("there is no test '" + name + "'");
    }
    return test.holds(input, arguments, evaluator);
  }

  static {
    TESTS.put("defined", (input, args, e) -> !(input instanceof Value.Undefined));
    TESTS.put("undefined", (input, args, e) -> input instanceof Value.Undefined);
    TESTS.put("none", (input, args, e) -> input == Value.None.NONE);
    TESTS.put("string", (input, args, e) -> input instanceof Text);
    TESTS.put("mapping", (input, args, e) -> input instanceof Dict);
    TESTS.put("iterable", (input, args, e) -> Sequences.canLoop(input));
    TESTS.put("sequence", (input, args, e) -> isSequence(input));
    TESTS.put("number", (input, args, e) -> Numbers.number(input) != null);
    TESTS.put("integer", (input, args, e) -> input instanceof Value.Int);
    TESTS.put("float", (input, args, e) -> input instanceof Value.Real);
    TESTS.put("boolean", (input, args, e) -> input instanceof Bool);
    TESTS.put("true", (input, args, e) -> input == Bool.TRUE);
    TESTS.put("false", (input, args, e) -> input == Bool.FALSE);
    TESTS.put("callable", (input, args, e) -> input instanceof Value.Callable);
    TESTS.put("odd", (input, args, e) -> rest(input, Value.Int.of(2)) == 1);
    TESTS.put("even", (input, args, e) -> rest(input, Value.Int.of(2)) == 0);
    TESTS.put(
        "divisibleby",
        (input, args, e) -> rest(input, Take.value(args.bind("divisibleby", 1, "num")[0])) == 0);
    TESTS.put("lower", (input, args, e) -> TextMethods.isLower(PythonText.of(input, e.budget())));
    TESTS.put("upper", (input, args, e) -> TextMethods.isUpper(PythonText.of(input, e.budget())));
    TESTS.put("escaped", (input, args, e) -> false);
    TESTS.put("sameas", (input, args, e) -> same(input, other(args, "sameas")));
    TESTS.put(
        "filter", (input, args, e) -> input instanceof Text name && Filters.exists(name.chars()));
    TESTS.put(
        "test", (input, args, e) -> input instanceof Text name && TESTS.containsKey(name.chars()));
    compare(Comparison.EQUAL, "eq", "equalto", "==");
    compare(Comparison.NOT_EQUAL, "ne", "!=");
    compare(Comparison.LESS, "lt", "lessthan", "<");
    compare(Comparison.LESS_OR_EQUAL, "le", "<=");
    compare(Comparison.GREATER, "gt", "greaterthan", ">");
    compare(Comparison.GREATER_OR_EQUAL, "ge", ">=");
    compare(Comparison.IN, "in");
  }

  private static void compare(Comparison comparison, String... names) {
    for (String name : names) {
      TESTS.put(
          name,
          (input, args, e) -> Comparing.holds(comparison, input, other(args, name), e.budget()));
    }
  }

  private static Value other(Arguments arguments, String name) {
    return Take.value(arguments.bind(name, 1, "other")[0]);
  }

  private static boolean isSequence(Value input) {
    return switch (input) {
      case Text text -> true;
      case Dict dict -> true;
      case Items items -> items.kind() == Items.Kind.LIST || items.kind() == Items.Kind.TUPLE;
      case Value.Undefined undefined -> true;
      default -> false;
    };
  }

  private static double rest(Value input, Value divisor) {
    Value a = Numbers.number(input);
    Value b = Numbers.number(divisor);
    if (a == null || b == null) {
      throw RenderFailure.failed("this test needs numbers");
    }
    return Numbers.toDouble(Numbers.calculate(Expression.Arithmetic.MODULO, a, b));
  }

  /// Identity in Python; small numbers and strings, which Python shares, are compared.
  private static boolean same(Value left, Value right) {
    return switch (left) {
      case Text text -> right instanceof Text other && text.chars().equals(other.chars());
      case Value.Int number ->
          right instanceof Value.Int other && number.value().equals(other.value());
      case Value.Real number ->
          right instanceof Value.Real other && number.value() == other.value();
      case Items items -> items.equals(right);
      case Dict dict -> dict.equals(right);
      case Value.Thing thing -> thing.equals(right);
      case Bool flag -> right == flag;
      case Value.None none -> right == none;
      case Value.Undefined undefined -> false;
    };
  }
}
