package ringfence.router.policy.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/// A value of a YAML file with its path, read by what it must be; anything else is an error that
/// names path and line.
final class YamlValue {
  static final int MAX_FILE_CHARACTERS = 4 << 20;
  private static final int MAX_QUOTED = 40;

  private final String file;
  private final String path;
  private final Node node;

  private YamlValue(String file, String path, Node node) {
    this.file = file;
    this.path = path;
    this.node = node;
  }

  /// The whole text; null where it is empty.
  static @Nullable YamlValue parse(String file, String text) throws PolicyFileException {
    if (text.length() > MAX_FILE_CHARACTERS) {
      throw new PolicyFileException(
          file
              + ": longer than "
              + MAX_FILE_CHARACTERS
              + " characters; split tenants over routers");
    }
    try {
      Optional<Node> root =
          new Compose(
                  LoadSettings.builder()
                      .setLabel(file)
                      .setUseMarks(true)
                      .setCodePointLimit(MAX_FILE_CHARACTERS)
                      .build())
              .composeString(text);
      return root.map(node -> new YamlValue(file, "", node)).orElse(null);
    } catch (MarkedYamlEngineException wrong) {
      // The whole message would quote the file around the mistake.
      String line = wrong.getProblemMark().map(mark -> " line " + (mark.getLine() + 1)).orElse("");
      throw new PolicyFileException(file + line + ": not YAML: " + wrong.getProblem());
    } catch (YamlEngineException wrong) {
      throw new PolicyFileException(file + ": not YAML");
    }
  }

  String path() {
    return path;
  }

  PolicyFileException wrong(String problem) {
    String line = node.getStartMark().map(mark -> " line " + (mark.getLine() + 1)).orElse("");
    return new PolicyFileException(
        file + line + ": " + (path.isEmpty() ? "" : path + ": ") + problem);
  }

  /// The value as a mapping, each of whose keys must be asked for before [YamlMap#end].
  YamlMap map() throws PolicyFileException {
    if (!(node instanceof MappingNode mapping)) {
      throw wrong("expected a mapping of keys to values" + kind());
    }
    return new YamlMap(this, mapping);
  }

  YamlValue child(String key, Node value) {
    return new YamlValue(file, path.isEmpty() ? key : path + "." + key, value);
  }

  List<YamlValue> list(int most) throws PolicyFileException {
    if (!(node instanceof SequenceNode sequence)) {
      throw wrong("expected a list" + kind());
    }
    if (sequence.getValue().size() > most) {
      throw wrong("expected at most " + most + " entries");
    }
    List<YamlValue> values = new ArrayList<>();
    for (Node value : sequence.getValue()) {
      values.add(new YamlValue(file, path + "[" + values.size() + "]", value));
    }
    return values;
  }

  /// A text; a number or a boolean must be quoted to be one.
  String text() throws PolicyFileException {
    ScalarNode scalar = scalar("a text");
    if (!scalar.getTag().equals(Tag.STR)) {
      throw wrong("expected a text; put it in quotes");
    }
    return scalar.getValue();
  }

  String matching(Pattern pattern, String expected) throws PolicyFileException {
    String text = text();
    if (!pattern.matcher(text).matches()) {
      throw wrong("expected " + expected);
    }
    return text;
  }

  /// The value as it is written, whatever YAML takes it for.
  String literal(String expected) throws PolicyFileException {
    return scalar(expected).getValue();
  }

  boolean bool() throws PolicyFileException {
    ScalarNode scalar = scalar("true or false");
    if (!scalar.getTag().equals(Tag.BOOL)) {
      throw wrong("expected true or false");
    }
    return scalar.getValue().toLowerCase(Locale.ROOT).equals("true");
  }

  long integer(long least, long most) throws PolicyFileException {
    String literal = literal("a whole number").replace("_", "");
    try {
      long value = Long.parseLong(literal);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException notNumber) {
      throw wrong("expected a whole number of " + least + " to " + most);
    }
    throw wrong("expected a whole number of " + least + " to " + most);
  }

  <T> T parsed(String expected, Function<String, T> parser) throws PolicyFileException {
    String literal = literal(expected);
    try {
      return parser.apply(literal);
    } catch (RuntimeException notThat) {
      throw wrong("'" + quoted(literal) + "' is not " + expected);
    }
  }

  /// One of an enumeration's constants, in lower case with hyphens.
  <E extends Enum<E>> E oneOf(Class<E> type) throws PolicyFileException {
    List<String> names = new ArrayList<>();
    String literal = literal("a name");
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(literal)) {
        return constant;
      }
      names.add(name);
    }
    throw wrong("'" + quoted(literal) + "' is not known; allowed: " + String.join(", ", names));
  }

  static String quoted(String text) {
    return text.length() > MAX_QUOTED ? text.substring(0, MAX_QUOTED) + "…" : text;
  }

  private ScalarNode scalar(String expected) throws PolicyFileException {
    if (!(node instanceof ScalarNode scalar)) {
      throw wrong("expected " + expected + kind());
    }
    return scalar;
  }

  private String kind() {
    return switch (node.getNodeType()) {
      case MAPPING -> ", not a mapping";
      case SEQUENCE -> ", not a list";
      case SCALAR -> ", not a single value";
      case ANCHOR -> ", not an alias";
    };
  }
}
