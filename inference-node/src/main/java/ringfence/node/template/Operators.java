package ringfence.node.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Expression.Arithmetic;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Items;

/// Python's arithmetic operators on all types that have them.
final class Operators {
  private Operators() {}

  static Value apply(Arithmetic operator, Value left, Value right, Budget budget) {
    Value a = Numbers.number(left);
    Value b = Numbers.number(right);
    if (a != null && b != null) {
      return Numbers.calculate(operator, a, b);
    }
    Value result =
        switch (operator) {
          case ADD -> add(left, right, budget);
          case MULTIPLY -> {
            Value repeated = b instanceof Int times ? repeat(left, times, budget) : null;
            yield repeated == null && a instanceof Int times
                ? repeat(right, times, budget)
                : repeated;
          }
          case MODULO ->
              left instanceof Text format ? PercentFormat.apply(format, right, budget) : null;
          case SUBTRACT, DIVIDE, FLOOR_DIVIDE, POWER -> null;
        };
    if (result != null) {
      return result;
    }
    for (Value operand : new Value[] {left, right}) {
      if (operand instanceof Value.Undefined(String reason)) {
        throw RenderFailure.failed(reason);
      }
    }
    throw RenderFailure.failed(
        "'"
            + operator.sign()
            + "' does not work on "
            + left.typeName()
            + " and "
            + right.typeName());
  }

  private static @Nullable Value add(Value left, Value right, Budget budget) {
    if (left instanceof Text a && right instanceof Text b) {
      return new TextBuilder(budget).append(a).append(b).toText();
    }
    if (left instanceof Items a
        && right instanceof Items b
        && a.kind() == b.kind()
        && (a.kind() == Items.Kind.LIST || a.kind() == Items.Kind.TUPLE)) {
      budget.spend(a.values().size() + b.values().size());
      List<Value> all = new ArrayList<>(a.values());
      all.addAll(b.values());
      return new Items(all, a.kind());
    }
    return null;
  }

  private static @Nullable Value repeat(Value what, Int times, Budget budget) {
    int count = times.value().max(BigInteger.ZERO).min(BigInteger.valueOf(1 << 30)).intValue();
    if (what instanceof Text text) {
      budget.spendText((long) text.length() * count);
      TextBuilder all = new TextBuilder(budget);
      for (int i = 0; i < count && !text.isEmpty(); i++) {
        all.append(text);
      }
      return all.toText();
    }
    if (what instanceof Items(List<Value> values, Items.Kind kind)
        && (kind == Items.Kind.LIST || kind == Items.Kind.TUPLE)) {
      budget.spend((long) values.size() * count);
      List<Value> all = new ArrayList<>();
      for (int i = 0; i < count && !values.isEmpty(); i++) {
        all.addAll(values);
      }
      return new Items(all, kind);
    }
    return null;
  }
}
