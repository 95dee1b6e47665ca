package ringfence.node.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Items;

/// `value.name`, `value[index]` and `value[from:to:step]`. What is not there is undefined.
final class Lookup {
  private Lookup() {}

  /// An attribute: a method first, then a key.
  static Value attribute(Value target, String name) {
    Value found =
        switch (target) {
          case Text text -> TextMethods.find(text, name);
          case Dict dict -> {
            Value method = CollectionMethods.find(dict, name);
            yield method != null ? method : dict.get(name);
          }
          case Items items -> CollectionMethods.find(items, name);
          case Value.Thing thing -> thing.attribute(name);
          case Value.Undefined undefined -> throw RenderFailure.failed(undefined.reason());
          default -> null;
        };
    return found != null ? found : missing(target, name);
  }

  /// A key or position first, then a method.
  static Value item(Value target, Value index) {
    Value found =
        switch (target) {
          case Dict dict -> isKey(index) ? dict.get(index) : null;
          case Items items when index instanceof Int position -> at(items, position);
          case Text text when index instanceof Int position -> at(text, position);
          case Value.Undefined undefined -> throw RenderFailure.failed(undefined.reason());
          default -> null;
        };
    if (found != null) {
      return found;
    }
    if (index instanceof Text name) {
      return target instanceof Dict dict && dict.contains(index)
          ? missing(target, name.withoutOutside())
          : methodOrMissing(target, name);
    }
    return missing(target, "this key");
  }

  private static Value methodOrMissing(Value target, Text name) {
    Value method =
        switch (target) {
          case Text text -> TextMethods.find(text, name.chars());
          case Dict dict -> CollectionMethods.find(dict, name.chars());
          case Items items -> CollectionMethods.find(items, name.chars());
          case Value.Thing thing -> thing.attribute(name.chars());
          default -> null;
        };
    return method != null ? method : missing(target, name.withoutOutside());
  }

  private static boolean isKey(Value index) {
    return !(index instanceof Items items && items.kind() != Items.Kind.TUPLE)
        && !(index instanceof Dict)
        && !(index instanceof Value.Undefined);
  }

  private static Value.Undefined missing(Value target, String name) {
    return new Value.Undefined("a " + target.typeName() + " has no '" + name + "'");
  }

  private static @Nullable Value at(Items items, Int position) {
    boolean positional = items.kind() == Items.Kind.LIST || items.kind() == Items.Kind.TUPLE;
    int index = positional ? index(position.value(), items.values().size()) : -1;
    return index < 0 ? null : items.values().get(index);
  }

  private static @Nullable Value at(Text text, Int position) {
    int index = index(position.value(), Sequences.length(text));
    if (index < 0) {
      return null;
    }
    int from = text.chars().offsetByCodePoints(0, index);
    return text.substring(from, text.chars().offsetByCodePoints(from, 1));
  }

  /// Position from the left, or -1 where there is none.
  private static int index(BigInteger position, int size) {
    BigInteger index = position.signum() < 0 ? position.add(BigInteger.valueOf(size)) : position;
    return index.signum() < 0 || index.compareTo(BigInteger.valueOf(size)) >= 0
        ? -1
        : index.intValue();
  }

  static Value slice(Value target, Value from, Value to, Value step, Budget budget) {
    int stride = step == Value.None.NONE ? 1 : clamp(step);
    if (stride == 0) {
      throw RenderFailure.failed("the step of a slice cannot be 0");
    }
    if (target instanceof Value.Undefined(String reason)) {
      throw RenderFailure.failed(reason);
    }
    if (target instanceof Text text && stride == 1) {
      int size = Sequences.length(text);
      int begin = bound(from, size, 0, false);
      int end = Math.max(begin, bound(to, size, size, false));
      budget.spend(text.length() / TemplateLimits.CHARS_PER_STEP);
      int first = text.chars().offsetByCodePoints(0, begin);
      return text.substring(first, text.chars().offsetByCodePoints(first, end - begin));
    }
    boolean sliceable =
        target instanceof Text
            || (target instanceof Items(List<Value> _, Items.Kind kind)
                && (kind == Items.Kind.LIST || kind == Items.Kind.TUPLE));
    if (!sliceable) {
      throw RenderFailure.failed("a " + target.typeName() + " has no slices");
    }
    List<Value> all = Sequences.elements(target, budget);
    int size = all.size();
    List<Value> chosen = new ArrayList<>();
    if (stride > 0) {
      int end = bound(to, size, size, false);
      for (long i = bound(from, size, 0, false); i < end; i += stride) {
        chosen.add(all.get((int) i));
      }
    } else {
      int end = bound(to, size, -1, true);
      for (long i = bound(from, size, size - 1, true); i > end; i += stride) {
        chosen.add(all.get((int) i));
      }
    }
    if (target instanceof Items items) {
      return new Items(chosen, items.kind());
    }
    TextBuilder text = new TextBuilder(budget);
    for (Value character : chosen) {
      PythonText.write(character, text);
    }
    return text.toText();
  }

  /// A slice's border within the sequence; backwards ones lie in -1 to size - 1.
  private static int bound(Value border, int size, int standard, boolean backwards) {
    if (border == Value.None.NONE) {
      return standard;
    }
    int position = clamp(border);
    if (position < 0) {
      position += size;
    }
    int lowest = backwards ? -1 : 0;
    return Math.max(lowest, Math.min(position, backwards ? size - 1 : size));
  }

  private static int clamp(Value value) {
    Value number = Numbers.number(value);
    if (!(number instanceof Int position)) {
      throw RenderFailure.failed("a slice needs integers, got a " + value.typeName());
    }
    BigInteger limit = BigInteger.valueOf(1 << 30);
    return position.value().max(limit.negate()).min(limit).intValue();
  }
}
