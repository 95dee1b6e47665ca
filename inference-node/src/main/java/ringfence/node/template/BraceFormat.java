package ringfence.node.template;

import org.jspecify.annotations.Nullable;

/// Python's `str.format`: `{}`, `{0}`, `{name}`, `{name.attribute[key]}`, `{:spec}`, `{!r}`.
final class BraceFormat {
  private final Text format;
  private final Arguments arguments;
  private final Budget budget;
  private final TextBuilder out;
  private int next;

  private BraceFormat(Text format, Arguments arguments, Budget budget) {
    this.format = format;
    this.arguments = arguments;
    this.budget = budget;
    this.out = new TextBuilder(budget);
  }

  static Text apply(Text format, Arguments arguments, Budget budget) {
    Take.ownText(format, "format");
    BraceFormat run = new BraceFormat(format, arguments, budget);
    run.write();
    return run.out.toText();
  }

  private void write() {
    String chars = format.chars();
    int plain = 0;
    for (int i = 0; i < chars.length(); i++) {
      char c = chars.charAt(i);
      if (c != '{' && c != '}') {
        continue;
      }
      out.append(format, plain, i);
      if (i + 1 < chars.length() && chars.charAt(i + 1) == c) {
        out.append(format, i, i + 1);
        i++;
      } else {
        int end = chars.indexOf('}', i);
        if (c == '}' || end < 0) {
          throw RenderFailure.failed("a single '" + c + "' in a format string");
        }
        field(chars.substring(i + 1, end));
        i = end;
      }
      plain = i + 1;
    }
    out.append(format, plain, chars.length());
  }

  private void field(String field) {
    if (field.indexOf('{') >= 0) {
      throw RenderFailure.unsupported("a placeholder inside a placeholder");
    }
    int colon = field.indexOf(':');
    String spec = colon < 0 ? "" : field.substring(colon + 1);
    String name = colon < 0 ? field : field.substring(0, colon);
    int bang = name.indexOf('!');
    String conversion = bang < 0 ? "" : name.substring(bang + 1);
    Value value = value(bang < 0 ? name : name.substring(0, bang));
    Value converted =
        switch (conversion) {
          case "" -> value;
          case "s" -> PythonText.of(value, budget);
          case "r" -> PythonText.represent(value, budget);
          default -> throw RenderFailure.unsupported("a conversion in a format string");
        };
    FormatSpec.parse(spec).write(converted, out, budget);
  }

  private Value value(String name) {
    int end = 0;
    while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
      end++;
    }
    String first = name.substring(0, end);
    Value value;
    if (first.isEmpty()) {
      value = positional(next++);
    } else if (first.length() < 6 && first.chars().allMatch(c -> c >= '0' && c <= '9')) {
      value = positional(Integer.parseInt(first));
    } else {
      @Nullable Value named = arguments.named().get(first);
      if (named == null) {
        throw RenderFailure.failed("the format string names an argument that is not there");
      }
      value = named;
    }
    while (end < name.length()) {
      int from = end + 1;
      if (name.charAt(end) == '.') {
        end = from;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
          end++;
        }
        value = Lookup.attribute(value, name.substring(from, end));
      } else {
        int close = name.indexOf(']', from);
        if (close < 0) {
          throw RenderFailure.failed("a '[' without ']' in a format string");
        }
        value = Path.of(Text.trusted(name.substring(from, close))).follow(value);
        end = close + 1;
      }
    }
    return value;
  }

  private Value positional(int index) {
    if (index >= arguments.positional().size()) {
      throw RenderFailure.failed("the format string takes more values than there are");
    }
    return arguments.positional().get(index);
  }
}
