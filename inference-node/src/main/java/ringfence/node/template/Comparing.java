package ringfence.node.template;

import java.util.List;
import ringfence.node.template.Expression.Comparison;
import ringfence.node.template.Value.Items;

/// Python's comparisons. They look at characters and numbers, never at marks.
final class Comparing {
  private Comparing() {}

  static boolean holds(Comparison operator, Value left, Value right, Budget budget) {
    return switch (operator) {
      case EQUAL -> equal(left, right, budget);
      case NOT_EQUAL -> !equal(left, right, budget);
      case LESS -> order(operator, left, right, budget) < 0;
      case LESS_OR_EQUAL -> order(operator, left, right, budget) <= 0;
      case GREATER -> order(operator, left, right, budget) > 0;
      case GREATER_OR_EQUAL -> order(operator, left, right, budget) >= 0;
      case IN -> contains(right, left, budget);
      case NOT_IN -> !contains(right, left, budget);
    };
  }

  static boolean equal(Value left, Value right, Budget budget) {
    Value a = Numbers.number(left);
    Value b = Numbers.number(right);
    if (a != null && b != null) {
      return Numbers.compare(a, b) == 0;
    }
    return switch (left) {
      case Text text -> right instanceof Text other && text.chars().equals(other.chars());
      case Value.None none -> right == none;
      case Value.Undefined undefined -> right instanceof Value.Undefined;
      case Items items -> right instanceof Items other && equalItems(items, other, budget);
      case Dict dict -> right instanceof Dict other && equalDicts(dict, other, budget);
      case Value.Thing thing -> thing.equals(right);
      case Value.Int number -> false;
      case Value.Real number -> false;
      case Value.Bool flag -> false;
    };
  }

  private static boolean equalItems(Items left, Items right, Budget budget) {
    List<Value> a = left.values();
    List<Value> b = right.values();
    if (left.kind() != right.kind() || a.size() != b.size()) {
      return false;
    }
    budget.spend(a.size());
    budget.enter();
    boolean equal = true;
    for (int i = 0; equal && i < a.size(); i++) {
      equal = equal(a.get(i), b.get(i), budget);
    }
    budget.leave();
    return equal;
  }

  private static boolean equalDicts(Dict left, Dict right, Budget budget) {
    if (left.size() != right.size()) {
      return false;
    }
    budget.spend(left.size());
    budget.enter();
    boolean equal = true;
    for (Dict.Entry entry : left.entries()) {
      Value other = right.get(entry.key());
      equal = equal && other != null && equal(entry.value(), other, budget);
    }
    budget.leave();
    return equal;
  }

  /// Order for sorting: numbers by size, strings by code points, sequences by their elements.
  static int order(Value left, Value right, Budget budget) {
    return order(Comparison.LESS, left, right, budget);
  }

  private static int order(Comparison operator, Value left, Value right, Budget budget) {
    Value a = Numbers.number(left);
    Value b = Numbers.number(right);
    if (a != null && b != null) {
      return Numbers.compare(a, b);
    }
    if (left instanceof Text x && right instanceof Text y) {
      return byCodePoints(x.chars(), y.chars());
    }
    if (left instanceof Items x && right instanceof Items y && x.kind() == y.kind()) {
      budget.enter();
      int shared = Math.min(x.values().size(), y.values().size());
      budget.spend(shared);
      int order = Integer.compare(x.values().size(), y.values().size());
      for (int i = 0; i < shared; i++) {
        Value p = x.values().get(i);
        Value q = y.values().get(i);
        if (!equal(p, q, budget)) {
          order = order(operator, p, q, budget);
          break;
        }
      }
      budget.leave();
      return order;
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

  private static int byCodePoints(String a, String b) {
    int shared = Math.min(a.length(), b.length());
    for (int i = 0; i < shared; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean xHigh = Character.isSurrogate(x);
        return xHigh == Character.isSurrogate(y) ? Character.compare(x, y) : xHigh ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  /// Python's `element in container`.
  static boolean contains(Value container, Value element, Budget budget) {
    return switch (container) {
      case Text text -> {
        if (!(element instanceof Text part)) {
          throw RenderFailure.failed("a str contains no " + element.typeName());
        }
        budget.spend(text.length() / TemplateLimits.CHARS_PER_STEP);
        yield text.chars().contains(part.chars());
      }
      case Dict dict -> dict.contains(element);
      case Items items -> {
        budget.spend(items.values().size());
        boolean found = false;
        for (Value value : items.values()) {
          found = found || equal(value, element, budget);
        }
        yield found;
      }
      case Value.Undefined undefined -> false;
      default -> throw RenderFailure.failed("'in' does not work on a " + container.typeName());
    };
  }
}
