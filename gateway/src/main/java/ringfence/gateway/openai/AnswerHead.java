package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/// What every object of one answer begins with.
///
/// @param id `chatcmpl-...` or `cmpl-...`
/// @param created seconds since 1970
public record AnswerHead(String id, long created, String model) {

  void write(JsonGenerator json, String object, String fingerprint) throws IOException {
    json.writeStringField("id", id);
    json.writeStringField("object", object);
    json.writeNumberField("created", created);
    json.writeStringField("model", model);
    json.writeStringField("system_fingerprint", fingerprint.isEmpty() ? null : fingerprint);
  }
}
