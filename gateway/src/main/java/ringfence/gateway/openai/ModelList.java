package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import ringfence.proto.v1.ListModelsResponse.Model;

/// The bodies of `GET /v1/models` and `GET /v1/models/{id}`. Beside OpenAI's fields:
/// `context_length` in tokens and `zone`, the nearest in which the model runs.
public final class ModelList {
  private static final String OWNER = "ringfence";

  private ModelList() {}

  /// All models.
  public static byte[] list(List<Model> models) {
    return Sse.object(json -> {
      json.writeStringField("object", "list");
      json.writeArrayFieldStart("data");
      for (Model model : models) {
        json.writeStartObject();
        writeModel(json, model);
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  /// The one named `name`; throws [ApiError] with status 404 where there is none.
  public static byte[] one(List<Model> models, String name) {
    for (Model model : models) {
      if (model.getName().equals(name)) {
        return Sse.object(json -> writeModel(json, model));
      }
    }
    throw ApiError.refused(
        404,
        "model",
        "model_not_found",
        "The model does not exist or no node that you may use serves it. GET /v1/models lists the models.");
  }

  private static void writeModel(JsonGenerator json, Model model) throws IOException {
    json.writeStringField("id", model.getName());
    json.writeStringField("object", "model");
    json.writeNumberField("created", model.getLoadedAtEpochSeconds());
    json.writeStringField("owned_by", OWNER);
    json.writeNumberField("context_length", Integer.toUnsignedLong(model.getContextLength()));
    json.writeStringField("zone", Zones.wire(model.getNearestZone()));
  }
}
