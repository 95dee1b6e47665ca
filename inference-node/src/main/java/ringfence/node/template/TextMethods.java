package ringfence.node.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Value.Bool;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.Items;

/// Python's methods of strings.
final class TextMethods {
  private static final Map<String, Method> METHODS = new HashMap<>();

  private TextMethods() {}

  private interface Method {
    Value call(Text self, Arguments arguments, Budget budget);
  }

  static Value.@Nullable Callable find(Text self, String name) {
    Method method = METHODS.get(name);
    return method == null
        ? null
        : (evaluator, arguments) -> method.call(self, arguments, evaluator.budget());
  }

  static {
    METHODS.put("strip", (self, args, b) -> strip(self, args, "strip", true, true));
    METHODS.put("lstrip", (self, args, b) -> strip(self, args, "lstrip", true, false));
    METHODS.put("rstrip", (self, args, b) -> strip(self, args, "rstrip", false, true));
    METHODS.put("split", (self, args, b) -> split(self, args, "split", false, b));
    METHODS.put("rsplit", (self, args, b) -> split(self, args, "rsplit", true, b));
    METHODS.put(
        "splitlines",
        (self, args, b) -> {
          Value keep = args.bind("splitlines", 0, "keepends")[0];
          b.spend(self.length());
          return Items.list(List.copyOf(TextSplits.lines(self, keep != null && keep.truthy())));
        });
    METHODS.put(
        "partition",
        (self, args, b) -> TextSplits.partition(self, Take.text(args, "partition", "sep"), false));
    METHODS.put(
        "rpartition",
        (self, args, b) -> TextSplits.partition(self, Take.text(args, "rpartition", "sep"), true));
    METHODS.put("startswith", (self, args, b) -> border(self, args, "startswith", true));
    METHODS.put("endswith", (self, args, b) -> border(self, args, "endswith", false));
    METHODS.put(
        "removeprefix",
        (self, args, b) -> {
          Text prefix = Take.text(args, "removeprefix", "prefix");
          return self.chars().startsWith(prefix.chars()) ? self.substring(prefix.length()) : self;
        });
    METHODS.put(
        "removesuffix",
        (self, args, b) -> {
          Text suffix = Take.text(args, "removesuffix", "suffix");
          return self.chars().endsWith(suffix.chars())
              ? self.substring(0, self.length() - suffix.length())
              : self;
        });
    METHODS.put(
        "replace",
        (self, args, b) -> {
          @Nullable Value[] bound = args.bind("replace", 2, "old", "new", "count");
          return TextEdits.replace(
              self,
              Take.text(bound[0], "replace"),
              Take.text(bound[1], "replace"),
              Take.integer(bound[2], -1, "replace"),
              b);
        });
    METHODS.put("upper", (self, args, b) -> TextEdits.upper(self, b));
    METHODS.put("lower", (self, args, b) -> TextEdits.lower(self, b));
    METHODS.put("casefold", (self, args, b) -> TextEdits.lower(self, b));
    METHODS.put("swapcase", (self, args, b) -> TextEdits.swapCase(self, b));
    METHODS.put("title", (self, args, b) -> TextEdits.title(self, b));
    METHODS.put("capitalize", (self, args, b) -> TextEdits.capitalize(self, b));
    METHODS.put(
        "join",
        (self, args, b) -> {
          Value values = Take.value(args.bind("join", 1, "iterable")[0]);
          List<Value> parts = Sequences.elements(values, b);
          for (Value part : parts) {
            Take.text(part, "join");
          }
          return TextEdits.join(self, parts, b);
        });
    METHODS.put("find", (self, args, b) -> find(self, args, "find", false));
    METHODS.put("rfind", (self, args, b) -> find(self, args, "rfind", true));
    METHODS.put("index", (self, args, b) -> index(find(self, args, "index", false)));
    METHODS.put("rindex", (self, args, b) -> index(find(self, args, "rindex", true)));
    METHODS.put("count", (self, args, b) -> count(self, args, b));
    METHODS.put("format", (self, args, b) -> BraceFormat.apply(self, args, b));
    METHODS.put("ljust", (self, args, b) -> pad(self, args, "ljust", 0, b));
    METHODS.put("center", (self, args, b) -> pad(self, args, "center", 1, b));
    METHODS.put("rjust", (self, args, b) -> pad(self, args, "rjust", 2, b));
    METHODS.put("zfill", (self, args, b) -> zeros(self, args, b));
    METHODS.put("isdigit", (self, args, b) -> all(self, Character::isDigit));
    METHODS.put("isdecimal", (self, args, b) -> all(self, Character::isDigit));
    METHODS.put("isnumeric", (self, args, b) -> all(self, TextMethods::isNumeric));
    METHODS.put("isalpha", (self, args, b) -> all(self, Character::isLetter));
    METHODS.put(
        "isalnum", (self, args, b) -> all(self, c -> Character.isLetter(c) || isNumeric(c)));
    METHODS.put("isspace", (self, args, b) -> all(self, PythonChars::isSpace));
    METHODS.put("isupper", (self, args, b) -> Bool.of(isUpper(self)));
    METHODS.put("islower", (self, args, b) -> Bool.of(isLower(self)));
  }

  private static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  static boolean isUpper(Text text) {
    return text.chars().codePoints().anyMatch(Character::isUpperCase)
        && text.chars()
            .codePoints()
            .noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  static boolean isLower(Text text) {
    return text.chars().codePoints().anyMatch(Character::isLowerCase)
        && text.chars()
            .codePoints()
            .noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  private static Value all(Text self, IntPredicate test) {
    return Bool.of(!self.isEmpty() && self.chars().codePoints().allMatch(test));
  }

  private static Value strip(
      Text self, Arguments arguments, String name, boolean left, boolean right) {
    Value chars = arguments.bind(name, 0, "chars")[0];
    return TextEdits.strip(
        self,
        chars == null || chars == Value.None.NONE ? null : Take.text(chars, name),
        left,
        right);
  }

  private static Value split(
      Text self, Arguments arguments, String name, boolean fromRight, Budget budget) {
    @Nullable Value[] bound = arguments.bind(name, 0, "sep", "maxsplit");
    int limit = Take.integer(bound[1], -1, name);
    Value separator = bound[0];
    return Items.list(
        separator == null || separator == Value.None.NONE
            ? TextSplits.atSpaces(self, limit, fromRight, budget)
            : TextSplits.at(self, Take.text(separator, name), limit, fromRight, budget));
  }

  private static Value border(Text self, Arguments arguments, String name, boolean start) {
    @Nullable Value[] bound = arguments.bind(name, 1, "prefix", "start", "end");
    Value sought = Take.value(bound[0]);
    String source = within(self, bound[1], bound[2], name);
    List<Value> options =
        sought instanceof Items(List<Value> values, Items.Kind kind) && kind == Items.Kind.TUPLE
            ? values
            : List.of(sought);
    boolean found = false;
    for (Value option : options) {
      String affix = Take.text(option, name).chars();
      found = found || (start ? source.startsWith(affix) : source.endsWith(affix));
    }
    return Bool.of(found);
  }

  private static String within(Text self, @Nullable Value start, @Nullable Value end, String name) {
    if (start == null && end == null) {
      return self.chars();
    }
    int size = Sequences.length(self);
    int from = clip(Take.integer(start, 0, name), size);
    int to = Math.max(from, clip(Take.integer(end, size, name), size));
    String source = self.chars();
    int first = source.offsetByCodePoints(0, from);
    return source.substring(first, source.offsetByCodePoints(first, to - from));
  }

  private static int clip(int position, int size) {
    return Math.max(0, Math.min(position < 0 ? position + size : position, size));
  }

  private static Int find(Text self, Arguments arguments, String name, boolean last) {
    @Nullable Value[] bound = arguments.bind(name, 1, "sub", "start", "end");
    String sought = Take.text(bound[0], name).chars();
    String source = within(self, bound[1], bound[2], name);
    int hit = last ? source.lastIndexOf(sought) : source.indexOf(sought);
    int before = clip(Take.integer(bound[1], 0, name), Sequences.length(self));
    return Int.of(hit < 0 ? -1 : before + source.codePointCount(0, hit));
  }

  private static Value index(Int found) {
    if (found.value().signum() < 0) {
      throw RenderFailure.failed("substring not found");
    }
    return found;
  }

  private static Value count(Text self, Arguments arguments, Budget budget) {
    @Nullable Value[] bound = arguments.bind("count", 1, "sub", "start", "end");
    String sought = Take.text(bound[0], "count").chars();
    String source = within(self, bound[1], bound[2], "count");
    budget.spend(source.length());
    if (sought.isEmpty()) {
      return Int.of(source.codePointCount(0, source.length()) + 1L);
    }
    int count = 0;
    for (int hit = source.indexOf(sought); hit >= 0; ) {
      count++;
      hit = source.indexOf(sought, hit + sought.length());
    }
    return Int.of(count);
  }

  private static Value pad(Text self, Arguments arguments, String name, int left, Budget budget) {
    @Nullable Value[] bound = arguments.bind(name, 1, "width", "fillchar");
    Text fill = bound[1] == null ? Text.trusted(" ") : Take.text(bound[1], name);
    if (Sequences.length(fill) != 1) {
      throw RenderFailure.failed(name + " fills with one character");
    }
    return TextEdits.pad(self, Take.integer(bound[0], 0, name), fill, left, budget);
  }

  private static Value zeros(Text self, Arguments arguments, Budget budget) {
    int width = Take.integer(arguments.bind("zfill", 1, "width")[0], 0, "zfill");
    boolean signed = self.chars().startsWith("-") || self.chars().startsWith("+");
    Text digits = signed ? self.substring(1) : self;
    Text padded = TextEdits.pad(digits, signed ? width - 1 : width, Text.trusted("0"), 2, budget);
    return signed ? new TextBuilder(budget).append(self, 0, 1).append(padded).toText() : padded;
  }
}
