package ringfence.node.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a template knows as `loop` inside a `for`.
final class Loop implements Value.Thing {
  private final List<Value> items;
  private final int depth;
  private int index;
  private @Nullable Value lastSeen;

  Loop(List<Value> items, int depth) {
    this.items = items;
    this.depth = depth;
  }

  void moveTo(int newIndex) {
    index = newIndex;
  }

  /// Loops around and including this one.
  int depth() {
    return depth;
  }

  @Override
  public @Nullable Value attribute(String name) {
    return switch (name) {
      case "index" -> Int.of(index + 1L);
      case "index0" -> Int.of(index);
      case "revindex" -> Int.of((long) items.size() - index);
      case "revindex0" -> Int.of(items.size() - index - 1L);
      case "first" -> Bool.of(index == 0);
      case "last" -> Bool.of(index == items.size() - 1);
      case "length" -> Int.of(items.size());
      case "depth" -> Int.of(depth);
      case "depth0" -> Int.of(depth - 1L);
      case "previtem" ->
          index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < items.size() ? items.get(index + 1) : new Undefined("there is no next item");
      case "cycle" -> (Callable) (evaluator, arguments) -> cycle(arguments);
      case "changed" -> (Callable) (evaluator, arguments) -> changed(evaluator, arguments);
      default -> null;
    };
  }

  private Value cycle(Arguments arguments) {
    List<Value> values = arguments.positional();
    if (values.isEmpty()) {
      throw RenderFailure.failed("loop.cycle needs at least one value");
    }
    return values.get(index % values.size());
  }

  private Value changed(Evaluator evaluator, Arguments arguments) {
    Value seen = new Items(arguments.positional(), Items.Kind.TUPLE);
    Value before = lastSeen;
    lastSeen = seen;
    return Bool.of(before == null || !Comparing.equal(before, seen, evaluator.budget()));
  }

  @Override
  public String typeName() {
    return "LoopContext";
  }
}
