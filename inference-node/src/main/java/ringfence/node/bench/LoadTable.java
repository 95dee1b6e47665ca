package ringfence.node.bench;

import java.util.List;
import java.util.Locale;
import ringfence.node.compute.LoadPart;

/// Where the time of loading a model went, as Markdown.
public final class LoadTable {
  private LoadTable() {}

  /// The table.
  ///
  /// @param fileSeconds until the model's description was read
  /// @param openSeconds from there until a prompt could begin
  /// @param tokens of the first prompt
  /// @param firstSeconds from the beginning until its answer's first token
  public static String of(
      double fileSeconds,
      double openSeconds,
      int tokens,
      double firstSeconds,
      List<LoadPart> parts) {
    StringBuilder table = new StringBuilder("| loading | seconds | |\n| --- | --- | --- |\n");
    line(table, "file opened and described", fileSeconds, "");
    line(table, "backend opened", openSeconds, "a prompt can begin");
    line(
        table,
        "first token",
        firstSeconds,
        "of a prompt of " + tokens + " tokens, from the beginning");
    for (LoadPart part : parts) {
      line(table, part.name(), part.seconds(), part.detail());
    }
    return table.toString();
  }

  private static void line(StringBuilder table, String name, double seconds, String detail) {
    table.append(
        String.format(
            Locale.ROOT, "| %s | %.3f | %s |%n", name.replace("  ", "- "), seconds, detail));
  }
}
