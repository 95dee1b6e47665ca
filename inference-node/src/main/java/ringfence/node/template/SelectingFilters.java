package ringfence.node.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ringfence.node.template.Filters.Filter;
import ringfence.node.template.Value.Items;

/// Filters that apply another filter, or a test, to each element.
final class SelectingFilters {
  private SelectingFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("map", SelectingFilters::map);
    filters.put("select", (input, args, e) -> select(input, args, e, false, true));
    filters.put("reject", (input, args, e) -> select(input, args, e, false, false));
    filters.put("selectattr", (input, args, e) -> select(input, args, e, true, true));
    filters.put("rejectattr", (input, args, e) -> select(input, args, e, true, false));
  }

  /// What is false in a condition (none, 0) counts as empty.
  private static List<Value> elements(Value input, Evaluator evaluator) {
    return input.truthy() ? Sequences.elements(input, evaluator.budget()) : List.of();
  }

  private static Value map(Value input, Arguments arguments, Evaluator evaluator) {
    List<Value> mapped = new ArrayList<>();
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      Map<String, Value> named = new HashMap<>(arguments.named());
      Path path = Path.of(Take.value(named.remove("attribute")));
      Value standard = named.remove("default");
      if (!named.isEmpty()) {
        throw RenderFailure.failed("map(attribute=...) takes only 'default' beside it");
      }
      for (Value element : elements(input, evaluator)) {
        Value found = path.follow(element);
        mapped.add(found instanceof Value.Undefined && standard != null ? standard : found);
      }
      return Items.generator(mapped);
    }
    if (arguments.positional().isEmpty()) {
      throw RenderFailure.failed("map needs a filter or an attribute");
    }
    String filter = Take.ownText(arguments.positional().getFirst(), "map").chars();
    for (Value element : elements(input, evaluator)) {
      evaluator.budget().spend(1);
      mapped.add(Filters.run(filter, element, arguments.after(1), evaluator));
    }
    return Items.generator(mapped);
  }

  private static Value select(
      Value input, Arguments arguments, Evaluator evaluator, boolean byAttribute, boolean keep) {
    int testAt = byAttribute ? 1 : 0;
    List<Value> given = arguments.positional();
    if (given.size() < testAt) {
      throw RenderFailure.failed("selectattr and rejectattr need an attribute");
    }
    Path path = byAttribute ? Path.of(given.getFirst()) : new Path(List.of());
    String test = given.size() > testAt ? Take.ownText(given.get(testAt), "select").chars() : null;
    Arguments rest = arguments.after(testAt + 1);
    List<Value> kept = new ArrayList<>();
    for (Value element : elements(input, evaluator)) {
      evaluator.budget().spend(1);
      Value tested = path.follow(element);
      boolean holds = test == null ? tested.truthy() : Tests.run(test, tested, rest, evaluator);
      if (holds == keep) {
        kept.add(element);
      }
    }
    return Items.generator(kept);
  }
}
