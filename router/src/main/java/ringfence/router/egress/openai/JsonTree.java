package ringfence.router.egress.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One small JSON value: what an event of an upstream says. What is absent, null or of another type
/// reads as nothing.
final class JsonTree {
  private static final int MOST_DEPTH = 32;
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(MOST_DEPTH).build())
          .build();
  private static final JsonTree NOTHING = new JsonTree(null);

  private final @Nullable Object value;

  private JsonTree(@Nullable Object value) {
    this.value = value;
  }

  /// @throws IOException when it is not JSON; the message has nothing of it
  static JsonTree of(String text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      parser.nextToken();
      return new JsonTree(read(parser));
    } catch (IOException malformed) {
      throw new IOException("not JSON");
    }
  }

  private static @Nullable Object read(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      Map<String, @Nullable Object> fields = new HashMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        fields.put(name, read(parser));
      }
      return fields;
    }
    if (token == JsonToken.START_ARRAY) {
      List<@Nullable Object> items = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        items.add(read(parser));
      }
      return items;
    }
    if (token == JsonToken.VALUE_STRING) {
      return parser.getText();
    }
    return token != null && token.isNumeric() ? Double.valueOf(parser.getDoubleValue()) : null;
  }

  JsonTree at(String field) {
    return value instanceof Map<?, ?> fields && fields.get(field) != null
        ? new JsonTree(fields.get(field))
        : NOTHING;
  }

  List<JsonTree> items() {
    if (!(value instanceof List<?> items)) {
      return List.of();
    }
    List<JsonTree> trees = new ArrayList<>(items.size());
    for (Object item : items) {
      trees.add(new JsonTree(item));
    }
    return trees;
  }

  boolean isObject() {
    return value instanceof Map;
  }

  String text() {
    return value instanceof String text ? text : "";
  }

  double number() {
    return value instanceof Double number ? number : 0;
  }

  /// A count, within the range of an `int`.
  int count() {
    return Math.clamp((long) number(), 0, Integer.MAX_VALUE);
  }
}
