package ringfence.gateway.page;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import ringfence.gateway.openai.ApiError;

/// The bodies of the page's API: messages of the overview as JSON, field for field under their
/// names in the contract; enums by their last word, in lower case.
final class PageJson {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  @FunctionalInterface
  interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private PageJson() {}

  /// An object with these fields.
  static byte[] object(Fields fields) {
    var out = new ByteArrayOutputStream(1024);
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return out.toByteArray();
  }

  /// A message. What is not set is there with its default, unless the contract tells the two apart.
  static byte[] message(Message message) {
    return object(json -> writeFields(json, message));
  }

  /// A message as a field.
  static void field(JsonGenerator json, String name, Message message) throws IOException {
    json.writeFieldName(name);
    writeValue(json, message);
  }

  private static void writeFields(JsonGenerator json, Message message) throws IOException {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()) {
        json.writeArrayFieldStart(field.getName());
        for (Object value : (List<?>) message.getField(field)) {
          writeValue(json, value);
        }
        json.writeEndArray();
      } else if (!field.hasPresence() || message.hasField(field)) {
        json.writeFieldName(field.getName());
        writeValue(json, message.getField(field));
      }
    }
  }

  private static void writeValue(JsonGenerator json, Object value) throws IOException {
    switch (value) {
      case Message message -> {
        json.writeStartObject();
        writeFields(json, message);
        json.writeEndObject();
      }
      case EnumValueDescriptor constant -> json.writeString(word(constant));
      case ByteString bytes ->
          json.writeString(Base64.getEncoder().encodeToString(bytes.toByteArray()));
      case String text -> json.writeString(text);
      case Boolean truth -> json.writeBoolean(truth);
      case Double number -> json.writeNumber(Double.isFinite(number) ? number : 0);
      case Float number -> json.writeNumber(Float.isFinite(number) ? number : 0);
      case Long number -> json.writeNumber(number);
      case Integer number -> json.writeNumber(number);
      default -> throw new IllegalStateException("no JSON for " + value.getClass());
    }
  }

  /// `ZONE_SITE` of the enum `Zone` is `site`.
  private static String word(EnumValueDescriptor constant) {
    String type =
        constant.getType().getName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT)
            + "_";
    String name = constant.getName();
    return (name.startsWith(type) ? name.substring(type.length()) : name).toLowerCase(Locale.ROOT);
  }

  /// A body that is an object; throws [ApiError] with status 400.
  static JsonNode read(byte[] body) {
    try {
      JsonNode read = MAPPER.readTree(body);
      if (read != null && read.isObject()) {
        return read;
      }
    } catch (IOException malformed) {
      // Its message may quote the body.
    }
    throw ApiError.invalid(null, "invalid_json", "The body is not a JSON object.");
  }

  /// A text of the body; throws [ApiError] with status 400 where there is none.
  static String text(JsonNode body, String field) {
    JsonNode value = body.path(field);
    if (!value.isTextual()) {
      throw ApiError.invalid(field, "missing_field", "'" + field + "' must be a text.");
    }
    return value.textValue();
  }

  /// A number of the body, or 0 where there is none; throws [ApiError] with status 400.
  static long number(JsonNode body, String field) {
    JsonNode value = body.path(field);
    if (value instanceof MissingNode || value.isNull()) {
      return 0;
    }
    if (!value.canConvertToLong() || !value.isIntegralNumber()) {
      throw ApiError.invalid(field, "invalid_field", "'" + field + "' must be a whole number.");
    }
    return value.longValue();
  }
}
