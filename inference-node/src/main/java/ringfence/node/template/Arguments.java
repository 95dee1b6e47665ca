package ringfence.node.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The evaluated arguments of a call.
record Arguments(List<Value> positional, Map<String, Value> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  static Arguments of(Value... values) {
    return new Arguments(List.of(values), Map.of());
  }

  /// Puts the arguments in the order of a signature.
  ///
  /// @param required so many parameters from the left must be given
  /// @return as many values as parameters, null for those not given
  @Nullable Value[] bind(String function, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw RenderFailure.failed(
          function
              + " takes at most "
              + parameters.length
              + " arguments, got "
              + positional.size());
    }
    @Nullable Value[] bound = new Value[parameters.length];
    for (int i = 0; i < positional.size(); i++) {
      bound[i] = positional.get(i);
    }
    int used = 0;
    for (int i = 0; i < parameters.length; i++) {
      Value value = named.get(parameters[i]);
      if (value != null) {
        if (bound[i] != null) {
          throw RenderFailure.failed(function + " got '" + parameters[i] + "' twice");
        }
        bound[i] = value;
        used++;
      }
      if (bound[i] == null && i < required) {
        throw RenderFailure.failed(function + " needs the argument '" + parameters[i] + "'");
      }
    }
    if (used < named.size()) {
      for (String name : named.keySet()) {
        if (!List.of(parameters).contains(name)) {
          throw RenderFailure.unsupported(function + " has no argument '" + name + "'");
        }
      }
    }
    return bound;
  }

  /// The arguments after the first `count` positional ones.
  Arguments after(int count) {
    return new Arguments(
        positional.subList(Math.min(count, positional.size()), positional.size()), named);
  }
}
