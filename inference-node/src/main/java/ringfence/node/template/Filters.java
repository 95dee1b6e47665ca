package ringfence.node.template;

import java.util.HashMap;
import java.util.Map;

/// What may follow `|`.
final class Filters {
  private static final Map<String, Filter> FILTERS = new HashMap<>();

  private Filters() {}

  /// One filter; the arguments are those after the input.
  interface Filter {
    Value apply(Value input, Arguments arguments, Evaluator evaluator);
  }

  static {
    TextFilters.addTo(FILTERS);
    SequenceFilters.addTo(FILTERS);
    SelectingFilters.addTo(FILTERS);
    ScalarFilters.addTo(FILTERS);
  }

  static boolean exists(String name) {
    return FILTERS.containsKey(name);
  }

  static Value run(String name, Value input, Arguments arguments, Evaluator evaluator) {
    Filter filter = FILTERS.get(name);
    if (filter == null) {
      throw RenderFailure.unsupported("there is no filter '" + name + "'");
    }
    return filter.apply(input, arguments, evaluator);
  }
}
