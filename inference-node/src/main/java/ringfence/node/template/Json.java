package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Python's `json.dumps`. Braces, quotes and separators count as outside text.
final class Json {
  private final TextBuilder out;
  private final boolean asciiOnly;
  private final boolean sorted;
  private final @Nullable String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final Budget budget;

  private Json(
      Budget budget,
      boolean asciiOnly,
      boolean sorted,
      @Nullable String indent,
      String itemSeparator,
      String keySeparator) {
    this.out = new TextBuilder(budget);
    this.budget = budget;
    this.asciiOnly = asciiOnly;
    this.sorted = sorted;
    this.indent = indent;
    this.itemSeparator = itemSeparator;
    this.keySeparator = keySeparator;
  }

  /// The `tojson` filter with the signature that chat templates are written for.
  static Text filter(Value input, Arguments arguments, Budget budget) {
    @Nullable Value[] bound =
        arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
    String indent = indent(bound[1]);
    String items = indent == null ? ", " : ",";
    String keys = ": ";
    Value separators = bound[2];
    if (separators != null && separators != Value.None.NONE) {
      List<Value> pair = Sequences.elements(separators, budget);
      if (pair.size() != 2
          || !(pair.get(0) instanceof Text first)
          || !(pair.get(1) instanceof Text second)) {
        throw RenderFailure.failed("the separators of tojson must be two strings");
      }
      items = first.chars();
      keys = second.chars();
    }
    boolean ascii = bound[0] != null && bound[0].truthy();
    boolean sort = bound[3] != null && bound[3].truthy();
    Json json = new Json(budget, ascii, sort, indent, items, keys);
    json.write(input, "\n");
    return json.out.toText();
  }

  private static @Nullable String indent(@Nullable Value indent) {
    return switch (indent) {
      case null -> null;
      case Value.None none -> null;
      case Text text -> text.chars();
      default -> {
        if (!(Numbers.number(indent) instanceof Value.Int width)) {
          throw RenderFailure.failed("the indent of tojson must be a number or a string");
        }
        int spaces = width.value().signum() <= 0 ? 0 : width.value().bitLength() > 7 ? -1 : 1;
        if (spaces < 0) {
          throw RenderFailure.failed("the indent of tojson is too wide");
        }
        yield " ".repeat(spaces * width.value().intValue());
      }
    };
  }

  private void write(Value value, String lineStart) {
    budget.enter();
    budget.spend(1);
    switch (value) {
      case Text text -> string(text);
      case Value.Int number -> out.append(number.value().toString(), false);
      case Value.Real number -> out.append(number(number.value()), false);
      case Value.Bool flag -> out.append(flag == Value.Bool.TRUE ? "true" : "false", false);
      case Value.None none -> out.append("null", false);
      case Dict dict -> dict(dict, lineStart);
      case Value.Items items
          when items.kind() == Value.Items.Kind.LIST || items.kind() == Value.Items.Kind.TUPLE ->
          list(items.values(), lineStart);
      default -> throw RenderFailure.failed("a " + value.typeName() + " cannot be written as JSON");
    }
    budget.leave();
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    return Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.print(value);
  }

  private void list(List<Value> values, String lineStart) {
    if (values.isEmpty()) {
      out.append("[]", false);
      return;
    }
    String inner = indent == null ? "" : lineStart + indent;
    String before = "[" + inner;
    for (Value value : values) {
      out.append(before, false);
      write(value, inner);
      before = itemSeparator + inner;
    }
    out.append((indent == null ? "" : lineStart) + "]", false);
  }

  private void dict(Dict dict, String lineStart) {
    if (dict.size() == 0) {
      out.append("{}", false);
      return;
    }
    List<Dict.Entry> entries = new ArrayList<>();
    dict.entries().forEach(entries::add);
    if (sorted) {
      entries.sort((a, b) -> Comparing.order(a.key(), b.key(), budget));
    }
    String inner = indent == null ? "" : lineStart + indent;
    String before = "{" + inner;
    for (Dict.Entry entry : entries) {
      out.append(before, false);
      key(entry.key());
      out.append(keySeparator, false);
      write(entry.value(), inner);
      before = itemSeparator + inner;
    }
    out.append((indent == null ? "" : lineStart) + "}", false);
  }

  private void key(Value key) {
    switch (key) {
      case Text text -> string(text);
      case Value.Int number -> string(Text.outside(number.value().toString()));
      case Value.Real number -> string(Text.outside(number(number.value())));
      case Value.Bool flag -> string(Text.outside(flag == Value.Bool.TRUE ? "true" : "false"));
      case Value.None none -> string(Text.outside("null"));
      default -> throw RenderFailure.failed("a " + key.typeName() + " cannot be a key in JSON");
    }
  }

  private void string(Text text) {
    String chars = text.chars();
    out.append("\"", false);
    int plain = 0;
    for (int i = 0; i < chars.length(); i++) {
      char c = chars.charAt(i);
      String escaped = escape(c);
      if (escaped != null) {
        out.append(text, plain, i);
        out.append(escaped, text.trustedAt(i));
        plain = i + 1;
      }
    }
    out.append(text, plain, chars.length());
    out.append("\"", false);
  }

  private @Nullable String escape(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      default -> c < 0x20 || (asciiOnly && c > 0x7e) ? String.format("\\u%04x", (int) c) : null;
    };
  }
}
