package ringfence.node.compute.vulkan.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A kernel's source with the files that it includes put in their places. Included files guard
/// themselves against being there twice.
final class KernelSource {
  private static final Pattern INCLUDE = Pattern.compile("\\s*#\\s*include\\s+\"([^\"]*)\"\\s*");
  private static final Pattern MACRO = Pattern.compile("\\{([A-Z][A-Z0-9_]*)}");
  private static final int DEEPEST = 16;

  private final Path folder;
  private final Map<String, String> macros;
  private final Set<Path> used;
  private final StringBuilder text = new StringBuilder();

  private KernelSource(Path folder, Map<String, String> macros, Set<Path> used) {
    this.folder = folder;
    this.macros = macros;
    this.used = used;
  }

  /// The whole text.
  ///
  /// @param used gets every file that was read
  static String read(Path folder, String name, Map<String, String> macros, Set<Path> used)
      throws IOException {
    KernelSource source = new KernelSource(folder, macros, used);
    source.add(name, name, 0);
    return source.text.toString();
  }

  private void add(String name, String from, int depth) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file) || !file.normalize().startsWith(folder)) {
      throw new IOException(from + " includes '" + name + "', which is no file in " + folder);
    }
    if (depth > DEEPEST) {
      throw new IOException(from + ": includes " + DEEPEST + " deep, is there a circle?");
    }
    used.add(file);
    List<String> lines = Files.readAllLines(file);
    if (depth > 0) {
      text.append("#line 1 \"").append(name).append("\"\n");
    }
    for (int i = 0; i < lines.size(); i++) {
      Matcher include = INCLUDE.matcher(lines.get(i));
      if (include.matches()) {
        add(expand(include.group(1), name, i + 1), name + ":" + (i + 1), depth + 1);
        text.append("#line ").append(i + 2).append(" \"").append(name).append("\"\n");
        continue;
      }
      text.append(lines.get(i)).append('\n');
      if (depth == 0 && lines.get(i).startsWith("#version")) {
        text.append("#extension GL_GOOGLE_cpp_style_line_directive : require\n#line ")
            .append(i + 2)
            .append(" \"")
            .append(name)
            .append("\"\n");
      }
    }
  }

  private String expand(String path, String name, int line) throws IOException {
    Matcher macro = MACRO.matcher(path);
    StringBuilder expanded = new StringBuilder();
    while (macro.find()) {
      String value = macros.get(macro.group(1));
      if (value == null) {
        throw new IOException(
            name + ":" + line + ": the include needs the macro " + macro.group(1));
      }
      macro.appendReplacement(expanded, value.toLowerCase(Locale.ROOT));
    }
    return macro.appendTail(expanded).toString();
  }
}
