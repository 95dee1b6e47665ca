package ringfence.node.template;

import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Items;

/// Python's `format % values`.
final class PercentFormat {
  private final Text format;
  private final Budget budget;
  private final TextBuilder out;
  private final List<Value> values;
  private final @Nullable Dict names;
  private int next;

  private PercentFormat(Text format, Value values, Budget budget) {
    this.format = format;
    this.budget = budget;
    this.out = new TextBuilder(budget);
    this.values =
        values instanceof Items items && items.kind() == Items.Kind.TUPLE
            ? items.values()
            : List.of(values);
    this.names = values instanceof Dict dict ? dict : null;
  }

  static Text apply(Text format, Value values, Budget budget) {
    Take.ownText(format, "%");
    PercentFormat run = new PercentFormat(format, values, budget);
    run.write();
    if (run.next < run.values.size() && run.names == null) {
      throw RenderFailure.failed("more values than the format string takes");
    }
    return run.out.toText();
  }

  private void write() {
    String chars = format.chars();
    int from = 0;
    for (int percent = chars.indexOf('%'); percent >= 0; percent = chars.indexOf('%', from)) {
      out.append(format, from, percent);
      int at = percent + 1;
      Value named = null;
      if (chars.startsWith("(", at)) {
        int end = chars.indexOf(')', at);
        if (end < 0 || names == null) {
          throw RenderFailure.failed("a format string with names needs a dict");
        }
        named = names.get(chars.substring(at + 1, end));
        if (named == null) {
          throw RenderFailure.failed("the format string names a key that is not there");
        }
        at = end + 1;
      }
      FormatSpec.Builder spec = new FormatSpec.Builder();
      while (at < chars.length() && "-+ 0#".indexOf(chars.charAt(at)) >= 0) {
        spec.percentFlag(chars.charAt(at++));
      }
      at = spec.width(chars, at);
      at = spec.precision(chars, at);
      if (at >= chars.length()) {
        throw RenderFailure.failed("the format string ends inside a placeholder");
      }
      char type = chars.charAt(at);
      from = at + 1;
      if (type == '%') {
        out.append("%", format.trustedAt(at));
      } else {
        convert(spec, type, named != null ? named : nextValue());
      }
    }
    out.append(format, from, chars.length());
  }

  private Value nextValue() {
    if (next >= values.size()) {
      throw RenderFailure.failed("the format string takes more values than there are");
    }
    return values.get(next++);
  }

  private void convert(FormatSpec.Builder spec, char type, Value value) {
    switch (type) {
      case 's' -> spec.buildPercent('s').write(PythonText.of(value, budget), out, budget);
      case 'r' -> spec.buildPercent('s').write(PythonText.represent(value, budget), out, budget);
      case 'd', 'i', 'u' -> {
        Value number = Numbers.number(value);
        if (number == null) {
          throw RenderFailure.failed("%d needs a number, got a " + value.typeName());
        }
        Value whole =
            number instanceof Value.Real real
                ? new Value.Int(BigDecimal.valueOf(real.value()).toBigInteger(), real.trusted())
                : number;
        spec.buildPercent('d').write(whole, out, budget);
      }
      case 'f', 'F', 'e', 'E', 'g', 'G', 'x', 'X', 'o' -> {
        Value number = Numbers.number(value);
        if (number == null) {
          throw RenderFailure.failed("%" + type + " needs a number, got a " + value.typeName());
        }
        spec.buildPercent(type).write(number, out, budget);
      }
      default -> throw RenderFailure.unsupported("the format placeholder '%" + type + "'");
    }
  }
}
