package ringfence.router.policy.document;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/// A mapping whose keys are known: asking for a key declares it, and [#end] refuses all others.
final class YamlMap {
  private final YamlValue self;
  private final Map<String, YamlValue> values = new LinkedHashMap<>();
  private final Set<String> allowed = new LinkedHashSet<>();

  YamlMap(YamlValue self, MappingNode mapping) throws PolicyFileException {
    this.self = self;
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw self.wrong("a key must be a single word");
      }
      YamlValue value = self.child(key.getValue(), tuple.getValueNode());
      if (values.put(key.getValue(), value) != null) {
        throw value.wrong("stands there twice");
      }
    }
  }

  /// The key's value, or null.
  @Nullable YamlValue find(String key) {
    allowed.add(key);
    return values.get(key);
  }

  YamlValue get(String key) throws PolicyFileException {
    YamlValue value = find(key);
    if (value == null) {
      throw self.wrong("the key '" + key + "' is missing");
    }
    return value;
  }

  /// All entries of a mapping whose keys are names.
  Map<String, YamlValue> entries() {
    allowed.addAll(values.keySet());
    return values;
  }

  PolicyFileException wrong(String problem) {
    return self.wrong(problem);
  }

  /// Nothing but what was asked for may stand here.
  void end() throws PolicyFileException {
    for (Map.Entry<String, YamlValue> entry : values.entrySet()) {
      if (!allowed.contains(entry.getKey())) {
        List<String> names = new ArrayList<>(allowed);
        names.sort(null);
        throw entry.getValue().wrong("no such key; allowed here: " + String.join(", ", names));
      }
    }
  }
}
