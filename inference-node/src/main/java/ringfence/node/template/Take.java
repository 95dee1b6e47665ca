package ringfence.node.template;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/// Arguments of the type that a function needs, or a clear failure.
final class Take {
  private Take() {}

  /// An argument that the signature requires.
  static Value value(@Nullable Value value) {
    if (value == null) {
      throw RenderFailure.failed("an argument is missing");
    }
    return value;
  }

  static Text text(@Nullable Value value, String function) {
    if (value instanceof Text text) {
      return text;
    }
    if (value instanceof Value.Undefined(String reason)) {
      throw RenderFailure.failed(reason);
    }
    throw RenderFailure.failed(function + " needs a str, got a " + value(value).typeName());
  }

  /// Text that steers an operation instead of being printed: a format, a name. It must be the
  /// template's own, because its characters lose their marks.
  static Text ownText(@Nullable Value value, String function) {
    Text text = text(value, function);
    if (!text.allTrusted()) {
      throw RenderFailure.failed(function + " takes only the template's own text here");
    }
    return text;
  }

  /// The only argument of a function, which is text.
  static Text text(Arguments arguments, String function, String parameter) {
    return text(arguments.bind(function, 1, parameter)[0], function);
  }

  /// An integer, pulled into the range of an int's half.
  static int integer(@Nullable Value value, int standard, String function) {
    if (value == null || value == Value.None.NONE) {
      return standard;
    }
    if (!(Numbers.number(value) instanceof Value.Int number)) {
      throw RenderFailure.failed(function + " needs an integer, got a " + value.typeName());
    }
    BigInteger limit = BigInteger.valueOf(1 << 30);
    return number.value().max(limit.negate()).min(limit).intValue();
  }

  static boolean flag(@Nullable Value value) {
    return value != null && value.truthy();
  }
}
