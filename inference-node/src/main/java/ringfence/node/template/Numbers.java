package ringfence.node.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Expression.Arithmetic;
import ringfence.node.template.Value.Bool;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Real;

/// Python's arithmetic on integers of any size and doubles. A result is the template's own only if
/// both operands are.
final class Numbers {
  private static final int MAX_BITS = 4096;

  private Numbers() {}

  /// The value as a number (true and false count as 1 and 0), or null.
  static @Nullable Value number(Value value) {
    return switch (value) {
      case Int number -> number;
      case Real number -> number;
      case Bool flag -> Int.of(flag == Bool.TRUE ? 1 : 0);
      default -> null;
    };
  }

  static double toDouble(Value number) {
    return switch (number) {
      case Int integer -> integer.value().doubleValue();
      case Real real -> real.value();
      default -> throw RenderFailure.failed("a " + number.typeName() + " is no number");
    };
  }

  static boolean trusted(Value number) {
    return switch (number) {
      case Int integer -> integer.trusted();
      case Real real -> real.trusted();
      default -> true;
    };
  }

  static Value negate(Value operand) {
    return switch (number(operand)) {
      case Int number -> new Int(number.value().negate(), number.trusted());
      case Real number -> new Real(-number.value(), number.trusted());
      case null, default ->
          throw RenderFailure.failed("a " + operand.typeName() + " cannot be negated");
    };
  }

  static Value plus(Value operand) {
    Value number = number(operand);
    if (number == null) {
      throw RenderFailure.failed("a " + operand.typeName() + " cannot have a sign");
    }
    return number;
  }

  static Value calculate(Arithmetic operator, Value left, Value right) {
    boolean trusted = trusted(left) && trusted(right);
    if (left instanceof Int(BigInteger a, boolean _)
        && right instanceof Int(BigInteger b, boolean _)) {
      return integers(operator, a, b, trusted);
    }
    return new Real(doubles(operator, toDouble(left), toDouble(right)), trusted);
  }

  private static Value integers(Arithmetic operator, BigInteger a, BigInteger b, boolean trusted) {
    boolean divides =
        operator == Arithmetic.DIVIDE
            || operator == Arithmetic.FLOOR_DIVIDE
            || operator == Arithmetic.MODULO;
    if (divides && b.signum() == 0) {
      throw RenderFailure.failed("division by zero");
    }
    BigInteger result =
        switch (operator) {
          case ADD -> a.add(b);
          case SUBTRACT -> a.subtract(b);
          case MULTIPLY -> a.multiply(b);
          case FLOOR_DIVIDE -> floorDivide(a, b);
          case MODULO -> a.subtract(floorDivide(a, b).multiply(b));
          case DIVIDE -> null;
          case POWER -> b.signum() < 0 ? null : power(a, b);
        };
    if (result == null) {
      double value =
          operator == Arithmetic.DIVIDE
              ? a.doubleValue() / b.doubleValue()
              : Math.pow(a.doubleValue(), b.doubleValue());
      return new Real(value, trusted);
    }
    if (result.bitLength() > MAX_BITS) {
      throw tooLarge();
    }
    return new Int(result, trusted);
  }

  private static BigInteger floorDivide(BigInteger a, BigInteger b) {
    BigInteger[] parts = a.divideAndRemainder(b);
    boolean down = parts[1].signum() != 0 && (parts[1].signum() < 0) != (b.signum() < 0);
    return down ? parts[0].subtract(BigInteger.ONE) : parts[0];
  }

  private static BigInteger power(BigInteger base, BigInteger exponent) {
    if (base.abs().bitLength() <= 1) {
      return base.pow(exponent.signum() == 0 ? 0 : exponent.testBit(0) ? 1 : 2);
    }
    if (exponent.bitLength() > 16
        || (long) base.bitLength() * exponent.intValue() > 2L * MAX_BITS) {
      throw tooLarge();
    }
    return base.pow(exponent.intValue());
  }

  private static RenderFailure tooLarge() {
    return new RenderFailure(
        TemplateException.Kind.LIMIT, "a number of more than " + MAX_BITS + " bits");
  }

  private static double doubles(Arithmetic operator, double a, double b) {
    boolean divides =
        operator == Arithmetic.DIVIDE
            || operator == Arithmetic.FLOOR_DIVIDE
            || operator == Arithmetic.MODULO;
    if (divides && b == 0) {
      throw RenderFailure.failed("division by zero");
    }
    return switch (operator) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case FLOOR_DIVIDE -> Math.floor(a / b);
      case MODULO -> {
        double rest = a % b;
        yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      }
      case POWER -> Math.pow(a, b);
    };
  }

  /// Negative, zero or positive; both are numbers.
  static int compare(Value left, Value right) {
    if (left instanceof Int(BigInteger a, boolean _)
        && right instanceof Int(BigInteger b, boolean _)) {
      return a.compareTo(b);
    }
    double a = toDouble(left);
    double b = toDouble(right);
    return a < b ? -1 : a == b ? 0 : 1;
  }

  /// The shortest digits that mean this number, as Python prints them.
  static String print(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = exact.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = exact.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    int size = Math.abs(exponent);
    return (value < 0 ? "-" : "")
        + mantissa
        + (exponent < 0 ? "e-" : "e+")
        + (size < 10 ? "0" : "")
        + size;
  }
}
