package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;

/// An attribute as filters name it: `name`, `a.b.0` or a number.
record Path(List<Value> parts) {

  static Path of(Value attribute) {
    if (!(attribute instanceof Text text)) {
      return new Path(List.of(attribute));
    }
    List<Value> parts = new ArrayList<>();
    int from = 0;
    for (int dot = text.chars().indexOf('.'); dot >= 0; ) {
      parts.add(part(text.substring(from, dot)));
      from = dot + 1;
      dot = text.chars().indexOf('.', from);
    }
    parts.add(part(text.substring(from)));
    return new Path(parts);
  }

  private static Value part(Text name) {
    String chars = name.chars();
    boolean number =
        !chars.isEmpty()
            && chars.length() < 10
            && chars.chars().allMatch(c -> c >= '0' && c <= '9');
    return number ? Value.Int.of(Integer.parseInt(chars)) : name;
  }

  Value follow(Value start) {
    Value value = start;
    for (Value part : parts) {
      value = Lookup.item(value, part);
    }
    return value;
  }
}
