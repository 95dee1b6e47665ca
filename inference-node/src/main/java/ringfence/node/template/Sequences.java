package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;

/// What can be looped over, and how long it is.
final class Sequences {
  private Sequences() {}

  /// The elements that a loop over this value sees.
  static List<Value> elements(Value value, Budget budget) {
    return switch (value) {
      // A copy, because a template may change a list while it loops over it.
      case Value.Items items -> {
        budget.spend(items.values().size());
        yield List.copyOf(items.values());
      }
      case Dict dict -> {
        budget.spend(dict.size());
        yield dict.keys();
      }
      case Text text -> characters(text, budget);
      case Value.Undefined undefined -> List.of();
      default -> throw RenderFailure.failed("cannot loop over a " + value.typeName());
    };
  }

  /// Whether [#elements] works.
  static boolean canLoop(Value value) {
    return switch (value) {
      case Value.Items items -> true;
      case Dict dict -> true;
      case Text text -> true;
      case Value.Undefined undefined -> true;
      default -> false;
    };
  }

  private static List<Value> characters(Text text, Budget budget) {
    budget.spend(text.length());
    List<Value> characters = new ArrayList<>(text.length());
    String chars = text.chars();
    for (int i = 0; i < chars.length(); ) {
      int end = i + Character.charCount(chars.codePointAt(i));
      characters.add(text.substring(i, end));
      i = end;
    }
    return characters;
  }

  static int length(Value value) {
    return switch (value) {
      case Text text -> text.chars().codePointCount(0, text.length());
      case Dict dict -> dict.size();
      case Value.Items items when items.kind() != Value.Items.Kind.GENERATOR ->
          items.values().size();
      case Value.Undefined undefined -> 0;
      default -> throw RenderFailure.failed("a " + value.typeName() + " has no length");
    };
  }
}
