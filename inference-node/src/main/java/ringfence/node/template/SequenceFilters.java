package ringfence.node.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Filters.Filter;
import ringfence.node.template.Value.Items;
import ringfence.node.template.Value.None;
import ringfence.node.template.Value.Undefined;

/// Filters over everything in a sequence.
final class SequenceFilters {
  private SequenceFilters() {}

  static void addTo(Map<String, Filter> filters) {
    Filter length = (input, args, e) -> Value.Int.of(Sequences.length(input));
    filters.put("length", length);
    filters.put("count", length);
    filters.put("list", (input, args, e) -> Items.list(new ArrayList<>(elements(input, e))));
    filters.put(
        "first",
        (input, args, e) -> {
          List<Value> values = elements(input, e);
          return values.isEmpty() ? new Undefined("the sequence is empty") : values.getFirst();
        });
    filters.put(
        "last",
        (input, args, e) -> {
          List<Value> values = elements(input, e);
          return values.isEmpty() ? new Undefined("the sequence is empty") : values.getLast();
        });
    filters.put("join", SequenceFilters::join);
    filters.put(
        "reverse",
        (input, args, e) -> {
          if (input instanceof Text text) {
            return TextEdits.reverse(text, e.budget());
          }
          List<Value> values = new ArrayList<>(elements(input, e));
          Collections.reverse(values);
          return Items.generator(values);
        });
    filters.put(
        "items",
        (input, args, e) ->
            switch (input) {
              case Dict dict -> Items.generator(dict.items());
              case Undefined undefined -> Items.generator(List.of());
              default -> throw RenderFailure.failed("items needs a dict");
            });
    filters.put("sort", SequenceFilters::sort);
    filters.put("dictsort", SequenceFilters::dictsort);
    filters.put("unique", SequenceFilters::unique);
    filters.put("min", (input, args, e) -> extreme(input, args, e, "min", -1));
    filters.put("max", (input, args, e) -> extreme(input, args, e, "max", 1));
    filters.put("sum", SequenceFilters::sum);
    filters.put("batch", SequenceFilters::batch);
    filters.put("slice", SequenceFilters::slice);
    filters.put("groupby", SequenceFilters::groupBy);
  }

  private static List<Value> elements(Value input, Evaluator evaluator) {
    return Sequences.elements(input, evaluator.budget());
  }

  private static Value join(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("join", 0, "d", "attribute");
    List<Value> values = elements(input, evaluator);
    Value attribute = bound[1];
    if (attribute != null && attribute != None.NONE) {
      Path path = Path.of(attribute);
      values = values.stream().map(path::follow).toList();
    }
    Text separator = bound[0] == null ? Text.EMPTY : PythonText.of(bound[0], evaluator.budget());
    return TextEdits.join(separator, values, evaluator.budget());
  }

  /// What two values are compared by: strings without case unless told otherwise.
  private static Value comparable(Value value, boolean caseSensitive, Evaluator evaluator) {
    return value instanceof Text text && !caseSensitive
        ? TextEdits.lower(text, evaluator.budget())
        : value;
  }

  private record Keyed(Value key, Value value) {}

  private static List<Keyed> keyed(
      List<Value> values,
      @Nullable Value attribute,
      @Nullable Value caseSensitive,
      Evaluator evaluator) {
    boolean none = attribute == null || attribute == None.NONE;
    boolean sensitive = Take.flag(caseSensitive);
    List<Keyed> keyed = new ArrayList<>(values.size());
    for (Value value : values) {
      keyed.add(new Keyed(key(none ? null : attribute, value, sensitive, evaluator), value));
    }
    return keyed;
  }

  /// A comma in the attribute means several keys.
  private static Value key(
      @Nullable Value attribute, Value value, boolean caseSensitive, Evaluator evaluator) {
    if (attribute instanceof Text names && names.chars().contains(",")) {
      List<Value> parts = new ArrayList<>();
      for (Value name : TextSplits.at(names, Text.trusted(","), -1, false, evaluator.budget())) {
        parts.add(comparable(Path.of(name).follow(value), caseSensitive, evaluator));
      }
      return Items.list(parts);
    }
    Value key = attribute == null ? value : Path.of(attribute).follow(value);
    return comparable(key, caseSensitive, evaluator);
  }

  private static List<Value> sorted(List<Keyed> keyed, boolean reverse, Evaluator evaluator) {
    long size = keyed.size();
    evaluator.budget().spend(size * (64 - Long.numberOfLeadingZeros(size)));
    Comparator<Keyed> order = (a, b) -> Comparing.order(a.key(), b.key(), evaluator.budget());
    keyed.sort(reverse ? order.reversed() : order);
    return new ArrayList<>(keyed.stream().map(Keyed::value).toList());
  }

  private static Value sort(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    List<Keyed> keyed = keyed(elements(input, evaluator), bound[2], bound[1], evaluator);
    return Items.list(sorted(keyed, Take.flag(bound[0]), evaluator));
  }

  private static Value dictsort(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    if (!(input instanceof Dict dict)) {
      throw RenderFailure.failed("dictsort needs a dict, got a " + input.typeName());
    }
    boolean byValue = bound[1] != null && Take.text(bound[1], "dictsort").chars().equals("value");
    boolean caseSensitive = Take.flag(bound[0]);
    List<Keyed> keyed = new ArrayList<>(dict.size());
    for (Dict.Entry entry : dict.entries()) {
      Value key = byValue ? entry.value() : entry.key();
      keyed.add(
          new Keyed(
              comparable(key, caseSensitive, evaluator), Items.tuple(entry.key(), entry.value())));
    }
    return Items.list(sorted(keyed, Take.flag(bound[2]), evaluator));
  }

  private static Value unique(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
    Set<Object> seen = new HashSet<>();
    List<Value> kept = new ArrayList<>();
    for (Keyed keyed : keyed(elements(input, evaluator), bound[1], bound[0], evaluator)) {
      if (seen.add(Dict.identity(keyed.key()))) {
        kept.add(keyed.value());
      }
    }
    return Items.generator(kept);
  }

  private static Value extreme(
      Value input, Arguments arguments, Evaluator evaluator, String name, int sign) {
    @Nullable Value[] bound = arguments.bind(name, 0, "case_sensitive", "attribute");
    Keyed best = null;
    for (Keyed keyed : keyed(elements(input, evaluator), bound[1], bound[0], evaluator)) {
      if (best == null || Comparing.order(keyed.key(), best.key(), evaluator.budget()) * sign > 0) {
        best = keyed;
      }
    }
    return best == null ? new Undefined("the sequence is empty") : best.value();
  }

  private static Value sum(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("sum", 0, "attribute", "start");
    Value total = bound[1] != null ? bound[1] : Value.Int.of(0);
    for (Keyed keyed : keyed(elements(input, evaluator), bound[0], Value.Bool.TRUE, evaluator)) {
      total = Operators.apply(Expression.Arithmetic.ADD, total, keyed.key(), evaluator.budget());
    }
    return total;
  }

  private static Value batch(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("batch", 1, "linecount", "fill_with");
    int size = positive(bound[0], "batch");
    List<Value> values = elements(input, evaluator);
    List<Value> batches = new ArrayList<>();
    for (int from = 0; from < values.size(); from += size) {
      List<Value> batch =
          new ArrayList<>(values.subList(from, Math.min(from + size, values.size())));
      fill(batch, size, bound[1], evaluator);
      batches.add(Items.list(batch));
    }
    return Items.generator(batches);
  }

  private static Value slice(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("slice", 1, "slices", "fill_with");
    int count = positive(bound[0], "slice");
    List<Value> values = elements(input, evaluator);
    int each = values.size() / count;
    int longer = values.size() % count;
    List<Value> slices = new ArrayList<>();
    evaluator.budget().spend(count);
    for (int i = 0, from = 0; i < count; i++) {
      int to = from + each + (i < longer ? 1 : 0);
      List<Value> slice = new ArrayList<>(values.subList(from, to));
      fill(slice, i >= longer ? each + 1 : 0, bound[1], evaluator);
      slices.add(Items.list(slice));
      from = to;
    }
    return Items.generator(slices);
  }

  private static int positive(@Nullable Value value, String name) {
    int number = Take.integer(value, 0, name);
    if (number <= 0) {
      throw RenderFailure.failed(name + " needs a positive number");
    }
    return number;
  }

  private static void fill(List<Value> row, int size, @Nullable Value filler, Evaluator evaluator) {
    if (filler != null && filler != None.NONE) {
      evaluator.budget().spend(Math.max(0, size - row.size()));
      while (row.size() < size) {
        row.add(filler);
      }
    }
  }

  private static Value groupBy(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound =
        arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
    Path path = Path.of(Take.value(bound[0]));
    boolean caseSensitive = Take.flag(bound[2]);
    List<Keyed> keyed = new ArrayList<>();
    for (Value value : elements(input, evaluator)) {
      Value found = path.follow(value);
      Value key = found instanceof Undefined && bound[1] != null ? bound[1] : found;
      keyed.add(new Keyed(comparable(key, caseSensitive, evaluator), Items.tuple(key, value)));
    }
    List<Value> groups = new ArrayList<>();
    Value current = null;
    List<Value> group = new ArrayList<>();
    for (Value pair : sorted(keyed, false, evaluator)) {
      List<Value> parts = ((Items) pair).values();
      Value key = comparable(parts.get(0), caseSensitive, evaluator);
      if (current == null || !Comparing.equal(key, current, evaluator.budget())) {
        group = new ArrayList<>();
        groups.add(Items.tuple(parts.get(0), Items.list(group)));
        current = key;
      }
      group.add(parts.get(1));
    }
    return Items.list(groups);
  }
}
