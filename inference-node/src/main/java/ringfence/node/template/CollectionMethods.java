package ringfence.node.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Callable;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Items;
import ringfence.node.template.Value.None;

/// Python's methods of dictionaries, lists and tuples.
///
/// Lists can grow and dictionaries change, as some templates do; that never reaches beyond the
/// rendering, whose values are made for it alone.
final class CollectionMethods {
  private CollectionMethods() {}

  static @Nullable Callable find(Dict self, String name) {
    return switch (name) {
      case "items" -> (evaluator, arguments) -> Items.view(self.items());
      case "keys" -> (evaluator, arguments) -> Items.view(self.keys());
      case "values" -> (evaluator, arguments) -> Items.view(self.values());
      case "get" ->
          (evaluator, arguments) -> {
            @Nullable Value[] bound = arguments.bind("get", 1, "key", "default");
            Value found = self.get(Take.value(bound[0]));
            return found != null ? found : orNone(bound[1]);
          };
      case "copy" ->
          (evaluator, arguments) -> {
            evaluator.budget().spend(self.size());
            return copy(self);
          };
      case "pop" ->
          (evaluator, arguments) -> {
            @Nullable Value[] bound = arguments.bind("pop", 1, "key", "default");
            Value removed = self.remove(Take.value(bound[0]));
            if (removed == null && bound[1] == null) {
              throw RenderFailure.failed("pop: no such key");
            }
            return removed != null ? removed : orNone(bound[1]);
          };
      case "update" ->
          (evaluator, arguments) -> {
            for (Value other : arguments.positional()) {
              if (!(other instanceof Dict dict)) {
                throw RenderFailure.failed("update needs a dict");
              }
              evaluator.budget().spend(dict.size());
              copy(dict).entries().forEach(entry -> self.put(entry.key(), entry.value()));
            }
            arguments.named().forEach(self::put);
            return None.NONE;
          };
      case "setdefault" ->
          (evaluator, arguments) -> {
            @Nullable Value[] bound = arguments.bind("setdefault", 1, "key", "default");
            Value key = Take.value(bound[0]);
            Value found = self.get(key);
            if (found == null) {
              found = orNone(bound[1]);
              self.put(key, found);
            }
            return found;
          };
      default -> null;
    };
  }

  private static Value orNone(@Nullable Value value) {
    return value != null ? value : None.NONE;
  }

  private static Dict copy(Dict dict) {
    Dict copy = new Dict();
    dict.entries().forEach(entry -> copy.put(entry.key(), entry.value()));
    return copy;
  }

  static @Nullable Callable find(Items self, String name) {
    return switch (name) {
      case "index" -> (evaluator, arguments) -> index(self, arguments, evaluator.budget());
      case "count" -> (evaluator, arguments) -> count(self, arguments, evaluator.budget());
      case "append", "extend", "insert", "pop", "reverse", "copy" ->
          self.kind() != Items.Kind.LIST
              ? null
              : (evaluator, arguments) -> change(self, name, arguments, evaluator.budget());
      default -> null;
    };
  }

  private static Value index(Items self, Arguments arguments, Budget budget) {
    Value sought = Take.value(arguments.bind("index", 1, "value")[0]);
    budget.spend(self.values().size());
    for (int i = 0; i < self.values().size(); i++) {
      if (Comparing.equal(self.values().get(i), sought, budget)) {
        return Int.of(i);
      }
    }
    throw RenderFailure.failed("index: no such value");
  }

  private static Value count(Items self, Arguments arguments, Budget budget) {
    Value sought = Take.value(arguments.bind("count", 1, "value")[0]);
    budget.spend(self.values().size());
    long count = 0;
    for (Value value : self.values()) {
      count += Comparing.equal(value, sought, budget) ? 1 : 0;
    }
    return Int.of(count);
  }

  private static Value change(Items self, String name, Arguments arguments, Budget budget) {
    List<Value> values = self.values();
    switch (name) {
      case "append" -> values.add(Take.value(arguments.bind(name, 1, "object")[0]));
      case "extend" -> {
        Value more = Take.value(arguments.bind(name, 1, "iterable")[0]);
        values.addAll(Sequences.elements(more, budget));
      }
      case "insert" -> {
        @Nullable Value[] bound = arguments.bind(name, 2, "index", "object");
        int at = Take.integer(bound[0], 0, name);
        int position = Math.max(0, Math.min(at < 0 ? at + values.size() : at, values.size()));
        budget.spend(values.size());
        values.add(position, Take.value(bound[1]));
      }
      case "pop" -> {
        int at = Take.integer(arguments.bind(name, 0, "index")[0], -1, name);
        int position = at < 0 ? at + values.size() : at;
        if (position < 0 || position >= values.size()) {
          throw RenderFailure.failed("pop: no such position");
        }
        budget.spend(values.size());
        return values.remove(position);
      }
      case "reverse" -> {
        budget.spend(values.size());
        Collections.reverse(values);
      }
      default -> {
        budget.spend(values.size());
        return Items.list(new ArrayList<>(values));
      }
    }
    return None.NONE;
  }
}
