package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Reads one JSON body and knows where in it it is, so that every complaint names its field
/// (`messages[2].role`).
///
/// A null is an absent field. All methods read the current value and leave the parser on its last
/// token; all throw [ApiError] with status 400.
final class WireReader {
  /// What to do with one field of an object; returns false where the name is unknown.
  @FunctionalInterface
  interface Fields {
    boolean read(String name);
  }

  private final JsonParser parser;
  private final StringBuilder path = new StringBuilder();

  private WireReader(JsonParser parser) {
    this.parser = parser;
  }

  /// Reads `body`, which must be one JSON object, UTF-8.
  static <T> T read(byte[] body, Function<WireReader, T> shape) {
    try (JsonParser parser = Json.FACTORY.createParser(body)) {
      var reader = new WireReader(parser);
      if (reader.next() != JsonToken.START_OBJECT) {
        throw ApiError.invalid(null, "invalid_type", "The body must be a JSON object.");
      }
      T value = shape.apply(reader);
      if (reader.next() != null) {
        throw reader.malformed();
      }
      return value;
    } catch (CharConversionException e) {
      // The parser guesses the encoding from the first bytes before it exists, and gives up on
      // some.
      throw ApiError.invalid(
          null, "invalid_json", "The body of your request is not JSON in UTF-8: send it so.");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The current field's name with its parents'.
  String path() {
    return path.toString();
  }

  void object(Fields fields) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw wrongType("an object");
    }
    int depth = path.length();
    while (next() != JsonToken.END_OBJECT) {
      String name = name();
      if (depth > 0) {
        path.append('.');
      }
      path.append(name.length() <= 64 ? name : name.substring(0, 64));
      if (next() != JsonToken.VALUE_NULL && !fields.read(name)) {
        throw ApiError.invalid(path(), "unknown_parameter", "Unknown parameter: '" + path() + "'.");
      }
      path.setLength(depth);
    }
  }

  /// Calls `element` on each element, of which there may be `max`.
  void array(int max, Runnable element) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrongType("an array");
    }
    int depth = path.length();
    int index = 0;
    while (next() != JsonToken.END_ARRAY) {
      if (index == max) {
        throw ApiError.invalid(
            path(),
            "array_above_max_length",
            "Invalid '"
                + path()
                + "': array too long. Expected an array with maximum length "
                + max
                + ".");
      }
      path.append('[').append(index++).append(']');
      element.run();
      path.setLength(depth);
    }
  }

  boolean atString() {
    return parser.currentToken() == JsonToken.VALUE_STRING;
  }

  boolean atArray() {
    return parser.currentToken() == JsonToken.START_ARRAY;
  }

  boolean atInteger() {
    return parser.currentToken() == JsonToken.VALUE_NUMBER_INT;
  }

  String string() {
    if (!atString()) {
      throw wrongType("a string");
    }
    try {
      return parser.getText();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /// A string of 1 to `maxBytes` bytes in UTF-8.
  String string(int maxBytes) {
    String text = string();
    if (text.isEmpty()) {
      throw ApiError.invalid(
          path(),
          "empty_string",
          "Invalid '" + path() + "': empty string. Expected a string with minimum length 1.");
    }
    if (text.length() > maxBytes
        || (text.length() > maxBytes / 3
            && text.getBytes(StandardCharsets.UTF_8).length > maxBytes)) {
      throw ApiError.invalid(
          path(),
          "string_above_max_length",
          "Invalid '" + path() + "': string too long. Expected at most " + maxBytes + " bytes.");
    }
    return text;
  }

  boolean bool() {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw wrongType("a boolean");
    };
  }

  int integer(int min, int max) {
    return Math.toIntExact(integer((long) min, (long) max));
  }

  long integer(long min, long max) {
    if (!atInteger()) {
      throw wrongType("an integer");
    }
    try {
      BigInteger value =
          switch (parser.getNumberType()) {
            case INT, LONG -> null;
            default -> parser.getBigIntegerValue();
          };
      if (value != null) {
        throw value.signum() < 0 ? below("integer", min) : above("integer", max);
      }
      long number = parser.getLongValue();
      if (number < min) {
        throw below("integer", min);
      }
      if (number > max) {
        throw above("integer", max);
      }
      return number;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  float decimal(double min, double max) {
    if (!atInteger() && parser.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
      throw wrongType("a decimal");
    }
    try {
      double number = parser.getDoubleValue();
      if (number < min) {
        throw below("decimal", min);
      }
      if (!(number <= max)) {
        throw above("decimal", max);
      }
      return (float) number;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /// The current value, whatever it is, as JSON text of at most `maxBytes` bytes.
  String raw(int maxBytes) {
    var out = new StringWriter();
    try (JsonGenerator copy = Json.FACTORY.createGenerator(out)) {
      copy.copyCurrentStructure(parser);
    } catch (IOException e) {
      throw failed(e);
    }
    String text = out.toString();
    if (text.length() > maxBytes) {
      throw ApiError.invalid(
          path(),
          "string_above_max_length",
          "Invalid '" + path() + "': too long. Expected at most " + maxBytes + " bytes of JSON.");
    }
    return text;
  }

  /// The current object as JSON text of at most `maxBytes` bytes.
  String rawObject(int maxBytes) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw wrongType("an object");
    }
    return raw(maxBytes);
  }

  /// Steps over the current value. Always true, for use in [Fields].
  boolean ignore() {
    try {
      parser.skipChildren();
      return true;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  ApiError wrongType(String expected) {
    return ApiError.invalid(
        path.isEmpty() ? null : path(),
        "invalid_type",
        "Invalid type for '"
            + path()
            + "': expected "
            + expected
            + ", but got "
            + found()
            + " instead.");
  }

  private ApiError below(String kind, Object min) {
    return ApiError.invalid(
        path(),
        kind + "_below_min_value",
        "Invalid '"
            + path()
            + "': "
            + kind
            + " below minimum value. Expected a value >= "
            + plain(min)
            + ".");
  }

  private ApiError above(String kind, Object max) {
    return ApiError.invalid(
        path(),
        kind + "_above_max_value",
        "Invalid '"
            + path()
            + "': "
            + kind
            + " above maximum value. Expected a value <= "
            + plain(max)
            + ".");
  }

  private static String plain(Object number) {
    return new BigDecimal(number.toString()).stripTrailingZeros().toPlainString();
  }

  private String found() {
    JsonToken token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT -> "an integer";
      case VALUE_NUMBER_FLOAT -> "a decimal";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      default -> "null";
    };
  }

  private String name() {
    try {
      return parser.currentName();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private @Nullable JsonToken next() {
    try {
      return parser.nextToken();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private ApiError failed(IOException e) {
    if (e instanceof JsonProcessingException || e instanceof CharConversionException) {
      return malformed();
    }
    throw new UncheckedIOException(e);
  }

  /// Says where, not what: the parser's own message would quote the body.
  private ApiError malformed() {
    JsonLocation at = parser.currentLocation();
    return ApiError.invalid(
        null,
        "invalid_json",
        "We could not parse the JSON body of your request: it is malformed, truncated or nested too deeply near line "
            + at.getLineNr()
            + ", column "
            + at.getColumnNr()
            + ".");
  }
}
