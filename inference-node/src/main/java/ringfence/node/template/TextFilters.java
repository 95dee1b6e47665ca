package ringfence.node.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.node.template.Filters.Filter;
import ringfence.node.template.Value.Int;
import ringfence.node.template.Value.None;

/// Filters that make text. Any input is printed first.
final class TextFilters {
  private TextFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("string", (input, args, e) -> PythonText.of(input, e.budget()));
    filters.put("safe", (input, args, e) -> PythonText.of(input, e.budget()));
    filters.put("tojson", (input, args, e) -> Json.filter(input, args, e.budget()));
    filters.put("upper", (input, args, e) -> TextEdits.upper(printed(input, e), e.budget()));
    filters.put("lower", (input, args, e) -> TextEdits.lower(printed(input, e), e.budget()));
    filters.put(
        "capitalize", (input, args, e) -> TextEdits.capitalize(printed(input, e), e.budget()));
    filters.put("title", (input, args, e) -> TextEdits.titleFilter(printed(input, e), e.budget()));
    Filter escape = (input, args, e) -> TextEdits.escape(printed(input, e), e.budget());
    filters.put("escape", escape);
    filters.put("e", escape);
    filters.put("forceescape", escape);
    filters.put(
        "trim",
        (input, args, e) -> {
          Value chars = args.bind("trim", 0, "chars")[0];
          Text strip = chars == null || chars == None.NONE ? null : Take.text(chars, "trim");
          return TextEdits.strip(printed(input, e), strip, true, true);
        });
    filters.put("replace", TextFilters::replace);
    filters.put("indent", TextFilters::indent);
    filters.put(
        "center",
        (input, args, e) -> {
          int width = Take.integer(args.bind("center", 0, "width")[0], 80, "center");
          return TextEdits.pad(printed(input, e), width, Text.trusted(" "), 1, e.budget());
        });
    filters.put("truncate", TextFilters::truncate);
    filters.put(
        "format",
        (input, args, e) -> {
          Value values;
          if (args.named().isEmpty()) {
            values = new Value.Items(args.positional(), Value.Items.Kind.TUPLE);
          } else {
            Dict dict = new Dict();
            args.named().forEach(dict::put);
            values = dict;
          }
          return PercentFormat.apply(printed(input, e), values, e.budget());
        });
    filters.put(
        "wordcount",
        (input, args, e) -> {
          Text text = printed(input, e);
          int words = 0;
          boolean inside = false;
          for (int i = 0; i < text.length(); i++) {
            char c = text.chars().charAt(i);
            boolean part = c == '_' || Character.isLetterOrDigit(c);
            words += part && !inside ? 1 : 0;
            inside = part;
          }
          return Int.of(words);
        });
  }

  private static Text printed(Value input, Evaluator evaluator) {
    return PythonText.of(input, evaluator.budget());
  }

  private static Value replace(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("replace", 2, "old", "new", "count");
    return TextEdits.replace(
        printed(input, evaluator),
        printed(Take.value(bound[0]), evaluator),
        printed(Take.value(bound[1]), evaluator),
        Take.integer(bound[2], -1, "replace"),
        evaluator.budget());
  }

  private static Value indent(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("indent", 0, "width", "first", "blank");
    Budget budget = evaluator.budget();
    Text indent =
        bound[0] instanceof Text text
            ? text
            : TextEdits.pad(
                Text.EMPTY, Take.integer(bound[0], 4, "indent"), Text.trusted(" "), 0, budget);
    return TextEdits.indent(
        Take.text(input, "indent"), indent, Take.flag(bound[1]), Take.flag(bound[2]), budget);
  }

  private static Value truncate(Value input, Arguments arguments, Evaluator evaluator) {
    @Nullable Value[] bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
    Text text = Take.text(input, "truncate");
    Text end = bound[2] == null ? Text.trusted("...") : Take.text(bound[2], "truncate");
    int length = Take.integer(bound[0], 255, "truncate");
    int leeway = Take.integer(bound[3], 5, "truncate");
    int endLength = Sequences.length(end);
    if (length < endLength || leeway < 0) {
      throw RenderFailure.failed("truncate to less than its own end mark");
    }
    if (Sequences.length(text) <= length + leeway) {
      return text;
    }
    Text cut = text.substring(0, text.chars().offsetByCodePoints(0, length - endLength));
    if (!Take.flag(bound[1])) {
      int space = cut.chars().lastIndexOf(' ');
      cut = space < 0 ? cut : cut.substring(0, space);
    }
    return TextEdits.join(Text.EMPTY, List.of(cut, end), evaluator.budget());
  }
}
