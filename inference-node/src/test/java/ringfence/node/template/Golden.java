package ringfence.node.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What Python's jinja2 makes of a template and variables: see `truth/templates`.
record Golden(String name, String template, Map<String, Value> variables, JsonNode result) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Real templates, each with many conversations.
  static List<Golden> ofRealTemplates() {
    JsonNode cases = json("cases.json");
    LocalDateTime now = LocalDateTime.parse(cases.get("now").asText());
    Map<String, String> templates = new HashMap<>();
    List<Golden> goldens = new ArrayList<>();
    for (JsonNode golden : json("goldens.json")) {
      String template = golden.get("template").asText();
      String name = golden.get("case").asText();
      Map<String, Value> variables = variables(cases.get("cases").get(name));
      cases
          .get("tokens")
          .get(template)
          .properties()
          .forEach(token -> variables.put(token.getKey(), Text.trusted(token.getValue().asText())));
      variables.put("strftime_now", TimeFormat.function(now));
      String source = templates.computeIfAbsent(template, t -> read("jinja/" + t + ".jinja"));
      goldens.add(new Golden(template + " / " + name, source, variables, golden));
    }
    return goldens;
  }

  /// Small templates, one construct of the language each.
  static List<Golden> ofTheLanguage() {
    JsonNode language = json("language.json");
    List<Golden> goldens = new ArrayList<>();
    for (JsonNode golden : language.get("cases")) {
      String template = golden.get("template").asText();
      Map<String, Value> variables = variables(language.get("variables"));
      variables.put(
          "strftime_now", TimeFormat.function(LocalDateTime.parse("2026-01-02T15:04:05")));
      goldens.add(new Golden("language case " + goldens.size(), template, variables, golden));
    }
    return goldens;
  }

  Text render() {
    return Program.parse(template, TemplateLimits.DEFAULT).render(variables);
  }

  private static Map<String, Value> variables(JsonNode object) {
    Map<String, Value> variables = new HashMap<>();
    object
        .properties()
        .forEach(
            entry -> variables.put(entry.getKey(), JsonReader.read(entry.getValue().toString())));
    return variables;
  }

  private static JsonNode json(String name) {
    try {
      return JSON.readTree(read(name));
    } catch (IOException malformed) {
      throw new AssertionError(malformed);
    }
  }

  static String read(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/truth/templates/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }
}
