package ringfence.node.template;

import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Items;

/// Python's `str()` and `repr()`. What frames the parts of a list or dictionary counts as outside
/// text: it is never part of a special token.
final class PythonText {
  private PythonText() {}

  static Text of(Value value, Budget budget) {
    if (value instanceof Text text) {
      return text;
    }
    TextBuilder out = new TextBuilder(budget);
    write(value, out);
    return out.toText();
  }

  /// As `{{ value }}` prints it.
  static void write(Value value, TextBuilder out) {
    switch (value) {
      case Text text -> out.append(text);
      case Value.Int number -> out.append(number.value().toString(), number.trusted());
      case Value.Real number -> out.append(Numbers.print(number.value()), number.trusted());
      case Value.Bool flag -> out.append(flag == Value.Bool.TRUE ? "True" : "False", true);
      case Value.None none -> out.append("None", true);
      case Value.Undefined undefined -> {}
      case Items items -> represent(items, out);
      case Dict dict -> represent(dict, out);
      case Value.Thing thing -> out.append("<" + thing.typeName() + ">", false);
    }
  }

  static Text represent(Value value, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    represent(value, out);
    return out.toText();
  }

  private static void represent(Value value, TextBuilder out) {
    switch (value) {
      case Text text -> quote(text, out);
      case Items items -> {
        out.enter();
        List<Value> values = items.values();
        boolean tuple = items.kind() == Items.Kind.TUPLE;
        out.append(tuple ? "(" : "[", false);
        for (int i = 0; i < values.size(); i++) {
          out.append(i > 0 ? ", " : "", false);
          represent(values.get(i), out);
        }
        out.append(tuple ? (values.size() == 1 ? ",)" : ")") : "]", false);
        out.leave();
      }
      case Dict dict -> {
        out.enter();
        String separator = "{";
        for (Dict.Entry entry : dict.entries()) {
          out.append(separator, false);
          represent(entry.key(), out);
          out.append(": ", false);
          represent(entry.value(), out);
          separator = ", ";
        }
        out.append(dict.size() == 0 ? "{}" : "}", false);
        out.leave();
      }
      case Value.Undefined undefined -> out.append("Undefined", false);
      default -> write(value, out);
    }
  }

  private static void quote(Text text, TextBuilder out) {
    String chars = text.chars();
    char quote = chars.indexOf('\'') >= 0 && chars.indexOf('"') < 0 ? '"' : '\'';
    out.append(String.valueOf(quote), false);
    for (int i = 0; i < chars.length(); ) {
      int c = chars.codePointAt(i);
      int size = Character.charCount(c);
      String escaped = escape(c, quote);
      if (escaped == null) {
        out.append(text, i, i + size);
      } else {
        out.append(escaped, text.trustedAt(i));
      }
      i += size;
    }
    out.append(String.valueOf(quote), false);
  }

  private static @Nullable String escape(int c, char quote) {
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\\' -> "\\\\";
      default -> {
        if (c == quote) {
          yield "\\" + quote;
        }
        if (PythonChars.isPrintable(c)) {
          yield null;
        }
        yield c < 0x100
            ? String.format("\\x%02x", c)
            : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
      }
    };
  }
}
