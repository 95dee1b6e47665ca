package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Server-sent events as OpenAI sends them: `data: {json}`, an empty line between events. [HTML,
/// 9.2 Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html)
public final class Sse {
  /// A comment, which every client skips: it keeps proxies from cutting a silent connection.
  public static final byte[] HEARTBEAT = ": \n\n".getBytes(StandardCharsets.US_ASCII);

  static final byte[] NONE = {};
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

  @FunctionalInterface
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private Sse() {}

  /// The event that ends a stream that failed.
  public static byte[] error(ApiError error) {
    return event(new String(error.body(), StandardCharsets.UTF_8));
  }

  /// A comment of one line.
  public static byte[] comment(String text) {
    return (": " + text + "\n\n").getBytes(StandardCharsets.UTF_8);
  }

  static byte[] event(String data) {
    return ("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
  }

  /// The fields of one JSON object as an event. The generator escapes line ends, so that the data
  /// is one line.
  static byte[] event(Body fields) {
    var out = new ByteArrayOutputStream(384);
    out.writeBytes(DATA);
    object(out, fields);
    out.writeBytes(END);
    return out.toByteArray();
  }

  static byte[] object(Body fields) {
    var out = new ByteArrayOutputStream(1024);
    object(out, fields);
    return out.toByteArray();
  }

  private static void object(ByteArrayOutputStream out, Body fields) {
    try (JsonGenerator json = Json.FACTORY.createGenerator(out)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
