package ringfence.node.template;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// JSON of a request to values whose every character is from outside.
final class JsonReader {
  private static final int MAX_DEPTH = 100;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  private JsonReader() {}

  /// The value, or null where the text is not exactly one JSON value, or nests deeper than 100.
  static @Nullable Value read(String json) {
    try (JsonParser parser = JSON.createParser(json)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        return null;
      }
      Value value = value(parser, first);
      return parser.nextToken() == null ? value : null;
    } catch (JsonProcessingException malformed) {
      return null;
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private static Value value(JsonParser parser, JsonToken token) throws IOException {
    return switch (token) {
      case START_OBJECT -> {
        Dict dict = new Dict();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          Text key = Text.outside(parser.currentName());
          dict.put(key, value(parser, parser.nextToken()));
        }
        yield dict;
      }
      case START_ARRAY -> {
        List<Value> values = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          values.add(value(parser, next));
        }
        yield Value.Items.list(values);
      }
      case VALUE_STRING -> Text.outside(parser.getText());
      case VALUE_NUMBER_INT -> new Value.Int(parser.getBigIntegerValue(), false);
      case VALUE_NUMBER_FLOAT -> new Value.Real(parser.getDoubleValue(), false);
      case VALUE_TRUE -> Value.Bool.TRUE;
      case VALUE_FALSE -> Value.Bool.FALSE;
      case VALUE_NULL -> Value.None.NONE;
      case NOT_AVAILABLE, END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT ->
          throw new IllegalStateException("not the start of a JSON value");
    };
  }
}
