package ringfence.node.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Callable;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Items;

/// Functions that every template sees.
final class Functions {
  private static final int MAX_RANGE = 100_000;

  private Functions() {}

  static final Map<String, Value> BUILT_IN =
      Map.of(
          "range", (Callable) Functions::range,
          "namespace", (Callable) Functions::namespace,
          "dict", (Callable) Functions::dict,
          "raise_exception", (Callable) Functions::refuse,
          "joiner", (Callable) Functions::joiner,
          "cycler", (Callable) Functions::cycler);

  private static Value range(Evaluator evaluator, Arguments arguments) {
    @Nullable Value[] bound = arguments.bind("range", 1, "start", "stop", "step");
    boolean one = bound[1] == null;
    int first = Take.integer(bound[0], 0, "range");
    int from = one ? 0 : first;
    int to = one ? first : Take.integer(bound[1], 0, "range");
    int step = Take.integer(bound[2], 1, "range");
    if (step == 0) {
      throw RenderFailure.failed("the step of range cannot be 0");
    }
    long distance = step > 0 ? (long) to - from : (long) from - to;
    long count = Math.max(0, (distance + Math.abs(step) - 1) / Math.abs(step));
    if (count > MAX_RANGE) {
      throw new RenderFailure(
          TemplateException.Kind.LIMIT, "a range of more than " + MAX_RANGE + " numbers");
    }
    evaluator.budget().spend(count);
    boolean trusted = true;
    for (Value number : arguments.positional()) {
      trusted &= Numbers.trusted(number);
    }
    List<Value> numbers = new ArrayList<>((int) count);
    for (long i = 0; i < count; i++) {
      numbers.add(new Int(BigInteger.valueOf(from + i * step), trusted));
    }
    return Items.list(numbers);
  }

  private static Value namespace(Evaluator evaluator, Arguments arguments) {
    Namespace namespace = new Namespace();
    for (Dict.Entry entry : ((Dict) dict(evaluator, arguments)).entries()) {
      if (entry.key() instanceof Text name) {
        namespace.set(name.chars(), entry.value());
      }
    }
    return namespace;
  }

  private static Value dict(Evaluator evaluator, Arguments arguments) {
    Dict dict = new Dict();
    if (arguments.positional().size() > 1) {
      throw RenderFailure.failed("dict takes at most one positional argument");
    }
    for (Value source : arguments.positional()) {
      if (source instanceof Dict other) {
        evaluator.budget().spend(other.size());
        other.entries().forEach(entry -> dict.put(entry.key(), entry.value()));
      } else {
        for (Value pair : Sequences.elements(source, evaluator.budget())) {
          List<Value> parts = Sequences.elements(pair, evaluator.budget());
          if (parts.size() != 2) {
            throw RenderFailure.failed("dict needs pairs");
          }
          dict.put(parts.get(0), parts.get(1));
        }
      }
    }
    arguments.named().forEach(dict::put);
    return dict;
  }

  private static Value refuse(Evaluator evaluator, Arguments arguments) {
    Value message = Take.value(arguments.bind("raise_exception", 1, "message")[0]);
    throw new RenderFailure(
        TemplateException.Kind.REFUSED,
        PythonText.of(message, evaluator.budget()).withoutOutside());
  }

  /// Empty the first time, then the separator.
  private static Value joiner(Evaluator evaluator, Arguments arguments) {
    Value separator = arguments.bind("joiner", 0, "sep")[0];
    Value shown = separator != null ? separator : Text.trusted(", ");
    boolean[] used = new boolean[1];
    return (Callable)
        (caller, none) -> {
          Value result = used[0] ? shown : Text.EMPTY;
          used[0] = true;
          return result;
        };
  }

  private static Value cycler(Evaluator evaluator, Arguments arguments) {
    List<Value> values = arguments.positional();
    if (values.isEmpty()) {
      throw RenderFailure.failed("cycler needs at least one value");
    }
    return new Cycler(values);
  }

  private static final class Cycler implements Value.Thing {
    private final List<Value> values;
    private int next;

    Cycler(List<Value> values) {
      this.values = values;
    }

    @Override
    public @Nullable Value attribute(String name) {
      return switch (name) {
        case "current" -> values.get(next);
        case "next" ->
            (Callable)
                (evaluator, arguments) -> {
                  Value current = values.get(next);
                  next = (next + 1) % values.size();
                  return current;
                };
        case "reset" ->
            (Callable)
                (evaluator, arguments) -> {
                  next = 0;
                  return None.NONE;
                };
        default -> null;
      };
    }

    @Override
    public String typeName() {
      return "Cycler";
    }
  }
}
