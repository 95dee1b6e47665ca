package ringfence.gateway.page;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/// Writes the bodies of the page's API.
final class PageJson {
  private static final JsonFactory FACTORY = new JsonFactory();

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
}
