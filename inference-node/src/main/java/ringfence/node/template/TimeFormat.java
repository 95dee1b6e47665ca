package ringfence.node.template;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import ringfence.node.template.Value.Callable;

/// The function `strftime_now`: the date of the request in C's format language, in English.
final class TimeFormat {
  /// C's letter to java.time's pattern.
  private static final Map<Character, String> PATTERNS =
      Map.ofEntries(
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('b', "MMM"),
          Map.entry('h', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('c', "EEE MMM ppd HH:mm:ss yyyy"),
          Map.entry('d', "dd"),
          Map.entry('D', "MM/dd/yy"),
          Map.entry('e', "ppd"),
          Map.entry('f', "SSSSSS"),
          Map.entry('F', "yyyy-MM-dd"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('j', "DDD"),
          Map.entry('m', "MM"),
          Map.entry('M', "mm"),
          Map.entry('p', "a"),
          Map.entry('R', "HH:mm"),
          Map.entry('S', "ss"),
          Map.entry('T', "HH:mm:ss"),
          Map.entry('x', "MM/dd/yy"),
          Map.entry('X', "HH:mm:ss"),
          Map.entry('y', "yy"),
          Map.entry('Y', "yyyy"));

  private TimeFormat() {}

  static Callable function(LocalDateTime now) {
    return (evaluator, arguments) -> {
      Text format = Take.ownText(arguments.bind("strftime_now", 1, "format")[0], "strftime_now");
      return Text.trusted(format(format.chars(), now));
    };
  }

  static String format(String format, LocalDateTime now) {
    StringBuilder out = new StringBuilder();
    int at = 0;
    while (at < format.length()) {
      char c = format.charAt(at++);
      if (c != '%' || at == format.length()) {
        out.append(c);
        continue;
      }
      boolean unpadded = format.charAt(at) == '-' && at + 1 < format.length();
      at += unpadded ? 1 : 0;
      String field = field(format.charAt(at++), now);
      out.append(unpadded ? field.replaceFirst("^[0 ]+(?=.)", "") : field);
    }
    return out.toString();
  }

  private static String field(char letter, LocalDateTime now) {
    return switch (letter) {
      case '%' -> "%";
      case 'n' -> "\n";
      case 't' -> "\t";
      case 'w' -> String.valueOf(now.getDayOfWeek().getValue() % 7);
      case 'u' -> String.valueOf(now.getDayOfWeek().getValue());
      // A date without a zone prints none.
      case 'z', 'Z' -> "";
      default -> {
        String pattern = PATTERNS.get(letter);
        if (pattern == null) {
          throw RenderFailure.unsupported("the date field '%" + letter + "'");
        }
        yield DateTimeFormatter.ofPattern(pattern, Locale.US).format(now);
      }
    };
  }
}
