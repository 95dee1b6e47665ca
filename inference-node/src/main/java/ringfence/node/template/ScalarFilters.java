package ringfence.node.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Filters.Filter;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Real;

/// Filters on single values: numbers, defaults, attributes.
final class ScalarFilters {
  private static final int MAX_DIGITS = 1000;

  private ScalarFilters() {}

  static void addTo(Map<String, Filter> filters) {
    Filter standard =
        (input, args, e) -> {
          @Nullable Value[] bound = args.bind("default", 0, "default_value", "boolean");
          boolean replace =
              input instanceof Value.Undefined || (Take.flag(bound[1]) && !input.truthy());
          return replace ? (bound[0] != null ? bound[0] : Text.EMPTY) : input;
        };
    filters.put("default", standard);
    filters.put("d", standard);
    filters.put("int", (input, args, e) -> integer(input, args));
    filters.put("float", (input, args, e) -> real(input, args));
    filters.put("round", (input, args, e) -> round(input, args));
    filters.put(
        "abs",
        (input, args, e) -> {
          Value number = number(input, "abs");
          boolean negative = Numbers.toDouble(number) < 0;
          return negative ? Numbers.negate(number) : number;
        });
    filters.put(
        "attr",
        (input, args, e) -> {
          Text name = Take.ownText(args.bind("attr", 1, "name")[0], "attr");
          return input instanceof Value.Thing || input instanceof Value.Undefined
              ? Lookup.attribute(input, name.chars())
              : new Value.Undefined("a " + input.typeName() + " has no such attribute");
        });
  }

  private static Value number(Value input, String name) {
    Value number = Numbers.number(input);
    if (number == null) {
      throw RenderFailure.failed(name + " needs a number, got a " + input.typeName());
    }
    return number;
  }

  private static Value integer(Value input, Arguments arguments) {
    @Nullable Value[] bound = arguments.bind("int", 0, "default", "base");
    Value standard = bound[0] != null ? bound[0] : Int.of(0);
    int base = Take.integer(bound[1], 10, "int");
    return switch (input) {
      case Text text -> {
        Int parsed = parseInteger(text, base);
        if (parsed != null) {
          yield parsed;
        }
        Real real = parseReal(text);
        yield real == null ? standard : truncate(real, standard);
      }
      case Real number -> truncate(number, standard);
      default -> {
        Value number = Numbers.number(input);
        yield number != null ? number : standard;
      }
    };
  }

  private static Value truncate(Real number, Value standard) {
    return Double.isFinite(number.value())
        ? new Int(new BigDecimal(number.value()).toBigInteger(), number.trusted())
        : standard;
  }

  private static @Nullable Int parseInteger(Text text, int base) {
    Text stripped = TextEdits.strip(text, null, true, true);
    String digits = stripped.chars().replace("_", "").toLowerCase(Locale.ROOT);
    boolean negative = digits.startsWith("-");
    if (negative || digits.startsWith("+")) {
      digits = digits.substring(1);
    }
    String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
    if (!prefix.isEmpty() && digits.startsWith(prefix)) {
      digits = digits.substring(prefix.length());
    }
    boolean wellFormed =
        !digits.isEmpty()
            && digits.length() <= MAX_DIGITS
            && base >= 2
            && base <= 36
            && digits.chars().allMatch(c -> Character.digit(c, base) >= 0);
    if (!wellFormed) {
      return null;
    }
    BigInteger value = new BigInteger(digits, base);
    return new Int(negative ? value.negate() : value, stripped.allTrusted());
  }

  private static @Nullable Real parseReal(Text text) {
    Text stripped = TextEdits.strip(text, null, true, true);
    String digits = stripped.chars().toLowerCase(Locale.ROOT);
    if (digits.length() > MAX_DIGITS) {
      return null;
    }
    boolean negative = digits.startsWith("-");
    String unsigned = negative || digits.startsWith("+") ? digits.substring(1) : digits;
    double value;
    if (unsigned.equals("inf") || unsigned.equals("infinity")) {
      value = Double.POSITIVE_INFINITY;
    } else if (unsigned.equals("nan")) {
      value = Double.NaN;
    } else if (isDecimal(unsigned)) {
      value = Double.parseDouble(unsigned.replace("_", ""));
    } else {
      return null;
    }
    return new Real(negative ? -value : value, stripped.allTrusted());
  }

  private static boolean isDecimal(String text) {
    boolean digit = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean exponentSign = (c == '-' || c == '+') && i > 0 && text.charAt(i - 1) == 'e';
      boolean isDigit = c >= '0' && c <= '9';
      if (!isDigit && !exponentSign && c != '.' && c != '_' && !(c == 'e' && digit)) {
        return false;
      }
      digit |= isDigit;
    }
    try {
      Double.parseDouble(text.replace("_", ""));
      return true;
    } catch (NumberFormatException malformed) {
      return false;
    }
  }

  private static Value real(Value input, Arguments arguments) {
    Value standard = arguments.bind("float", 0, "default")[0];
    Real parsed = input instanceof Text text ? parseReal(text) : null;
    if (parsed != null) {
      return parsed;
    }
    Value number = Numbers.number(input);
    if (number != null) {
      return new Real(Numbers.toDouble(number), Numbers.trusted(number));
    }
    return standard != null ? standard : new Real(0, true);
  }

  private static Value round(Value input, Arguments arguments) {
    @Nullable Value[] bound = arguments.bind("round", 0, "precision", "method");
    int precision = Math.max(-30, Math.min(30, Take.integer(bound[0], 0, "round")));
    String method = bound[1] == null ? "common" : Take.text(bound[1], "round").chars();
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw RenderFailure.failed("round knows 'common', 'ceil' and 'floor' only");
        };
    Value number = number(input, "round");
    if (number instanceof Int integer && method.equals("common")) {
      BigDecimal rounded = new BigDecimal(integer.value()).setScale(precision, mode);
      return new Int(rounded.toBigInteger(), integer.trusted());
    }
    double value = Numbers.toDouble(number);
    double rounded =
        Double.isFinite(value)
            ? new BigDecimal(value).setScale(precision, mode).doubleValue()
            : value;
    return new Real(rounded, Numbers.trusted(number));
  }
}
