package ringfence.node.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// How one value is laid out: Python's `[[fill]align][sign][0][width][,][.precision][type]`.
///
/// @param align `<`, `>`, `^`, `=` (after the sign) or 0 for the type's own
/// @param sign `-`, `+` or a space
/// @param precision -1 where none is given
/// @param type `s`, `d`, `f`, `e`, `g`, `x`, `o`, `b`, `%`, upper-case forms, or 0 for the value's
///   own
record FormatSpec(
    String fill, char align, char sign, boolean grouped, int width, int precision, char type) {
  private static final int MAX_WIDTH = 10_000;
  private static final int MAX_PRECISION = 100;

  /// Collects the parts while a format string is read.
  static final class Builder {
    private String fill = " ";
    private char align;
    private char sign = '-';
    private boolean grouped;
    private int width;
    private int precision = -1;

    void percentFlag(char flag) {
      switch (flag) {
        case '-' -> align = '<';
        case '0' -> zeroPadded();
        case '+' -> sign = '+';
        case ' ' -> sign = sign == '+' ? '+' : ' ';
        default -> throw RenderFailure.unsupported("the format flag '" + flag + "'");
      }
    }

    private void zeroPadded() {
      if (align == 0) {
        fill = "0";
        align = '=';
      }
    }

    int width(String spec, int at) {
      int end = digitsEnd(spec, at);
      width = end > at ? number(spec, at, end, MAX_WIDTH) : 0;
      return end;
    }

    int precision(String spec, int at) {
      if (!spec.startsWith(".", at)) {
        return at;
      }
      int end = digitsEnd(spec, at + 1);
      precision = end > at + 1 ? number(spec, at + 1, end, MAX_WIDTH) : 0;
      return end;
    }

    private static int digitsEnd(String spec, int from) {
      int end = from;
      while (end < spec.length() && spec.charAt(end) >= '0' && spec.charAt(end) <= '9') {
        end++;
      }
      return end;
    }

    private static int number(String spec, int from, int to, int most) {
      if (to - from > 6 || Integer.parseInt(spec, from, to, 10) > most) {
        throw RenderFailure.failed("a format wider than " + most);
      }
      return Integer.parseInt(spec, from, to, 10);
    }

    /// For `%`, which pads everything on the left unless told otherwise.
    FormatSpec buildPercent(char type) {
      align = align == 0 ? '>' : type == 's' && align == '=' ? '>' : align;
      fill = type == 's' ? " " : fill;
      return build(type);
    }

    FormatSpec build(char type) {
      return new FormatSpec(fill, align, sign, grouped, width, precision, type);
    }
  }

  /// Reads what follows the colon in `{:...}`.
  static FormatSpec parse(String spec) {
    Builder builder = new Builder();
    int at = 0;
    int fillEnd = spec.isEmpty() ? 0 : Character.charCount(spec.codePointAt(0));
    if (fillEnd > 0 && fillEnd < spec.length() && "<>^=".indexOf(spec.charAt(fillEnd)) >= 0) {
      builder.fill = spec.substring(0, fillEnd);
      builder.align = spec.charAt(fillEnd);
      at = fillEnd + 1;
    } else if (!spec.isEmpty() && "<>^=".indexOf(spec.charAt(0)) >= 0) {
      builder.align = spec.charAt(0);
      at = 1;
    }
    if (at < spec.length() && "+- ".indexOf(spec.charAt(at)) >= 0) {
      builder.sign = spec.charAt(at++);
    }
    if (at < spec.length() && spec.charAt(at) == '0') {
      builder.zeroPadded();
      at++;
    }
    at = builder.width(spec, at);
    if (at < spec.length() && spec.charAt(at) == ',') {
      builder.grouped = true;
      at++;
    }
    at = builder.precision(spec, at);
    char type = at < spec.length() ? spec.charAt(at++) : 0;
    if (at < spec.length() || "sdfFeEgGxXob%\0".indexOf(type) < 0) {
      throw RenderFailure.unsupported("a format specification of this form");
    }
    return builder.build(type);
  }

  void write(Value value, TextBuilder out, Budget budget) {
    Value number = value instanceof Text ? null : Numbers.number(value);
    if (number == null || type == 's' || (value instanceof Value.Bool && plain())) {
      if (type != 0 && type != 's') {
        throw RenderFailure.failed("a " + value.typeName() + " has no number format");
      }
      Text text = PythonText.of(value, budget);
      if (precision >= 0 && precision < Sequences.length(text)) {
        text = text.substring(0, text.chars().offsetByCodePoints(0, precision));
      }
      pad(text, align == 0 || align == '=' ? '<' : align, out, budget);
      return;
    }
    String digits = digits(number);
    boolean trusted = Numbers.trusted(number);
    String mark = digits.startsWith("-") ? "-" : sign == '-' ? "" : String.valueOf(sign);
    String unsigned = digits.startsWith("-") ? digits.substring(1) : digits;
    if (align == '=') {
      int missing = width - mark.length() - unsigned.length();
      out.append(mark + fill.repeat(Math.max(0, missing)) + unsigned, trusted);
    } else {
      pad(Text.of(mark + unsigned, trusted), align == 0 ? '>' : align, out, budget);
    }
  }

  /// Nothing is asked for: the value is printed as it is.
  private boolean plain() {
    return type == 0 && align == 0 && sign == '-' && !grouped && width == 0 && precision < 0;
  }

  private void pad(Text text, char side, TextBuilder out, Budget budget) {
    int left = side == '>' ? 2 : side == '^' ? 1 : 0;
    if (left == 1) {
      // Unlike str.center, formats put the odd blank on the right.
      int missing = Math.max(0, width - Sequences.length(text));
      out.append(fill.repeat(missing / 2), true);
      out.append(text);
      out.append(fill.repeat(missing - missing / 2), true);
      return;
    }
    out.append(TextEdits.pad(text, width, Text.trusted(fill), left, budget));
  }

  private String digits(Value number) {
    if (number instanceof Value.Int(BigInteger value, boolean _)) {
      switch (type) {
        case 0, 'd' -> {
          return grouped(value.toString());
        }
        case 'x' -> {
          return value.toString(16);
        }
        case 'X' -> {
          return value.toString(16).toUpperCase(Locale.ROOT);
        }
        case 'o' -> {
          return value.toString(8);
        }
        case 'b' -> {
          return value.toString(2);
        }
        default -> {}
      }
    }
    double value = Numbers.toDouble(number);
    if (!Double.isFinite(value)) {
      return Numbers.print(value);
    }
    int places = precision < 0 ? 6 : Math.min(precision, MAX_PRECISION);
    return switch (type) {
      case 'f', 'F' -> grouped(fixed(value, places));
      case '%' -> fixed(value * 100, places) + "%";
      case 'e' -> exponent(value, places);
      case 'E' -> exponent(value, places).toUpperCase(Locale.ROOT);
      case 'g', 'G' -> general(value, places == 0 ? 1 : places);
      case 0 -> precision < 0 ? grouped(Numbers.print(value)) : general(value, places);
      default -> throw RenderFailure.failed("a float has no format '" + type + "'");
    };
  }

  private static String fixed(double value, int places) {
    String digits = new BigDecimal(value).setScale(places, RoundingMode.HALF_EVEN).toPlainString();
    return 1 / value < 0 && !digits.startsWith("-") ? "-" + digits : digits;
  }

  private static String exponent(double value, int places) {
    return String.format(Locale.ROOT, "%." + places + "e", new BigDecimal(value));
  }

  private static String general(double value, int digits) {
    if (value == 0) {
      return "0";
    }
    BigDecimal rounded =
        new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = rounded.precision() - rounded.scale() - 1;
    if (exponent >= -4 && exponent < digits) {
      BigDecimal stripped = rounded.stripTrailingZeros();
      return stripped.scale() < 0 ? stripped.setScale(0).toPlainString() : stripped.toPlainString();
    }
    String unscaled = rounded.stripTrailingZeros().unscaledValue().abs().toString();
    String mantissa =
        unscaled.length() == 1 ? unscaled : unscaled.charAt(0) + "." + unscaled.substring(1);
    return (value < 0 ? "-" : "")
        + mantissa
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  private String grouped(String digits) {
    if (!grouped) {
      return digits;
    }
    int start = digits.startsWith("-") ? 1 : 0;
    int point = digits.indexOf('.');
    int end = point < 0 ? digits.length() : point;
    StringBuilder result = new StringBuilder(digits);
    for (int i = end - 3; i > start; i -= 3) {
      result.insert(i, ',');
    }
    return result.toString();
  }
}
