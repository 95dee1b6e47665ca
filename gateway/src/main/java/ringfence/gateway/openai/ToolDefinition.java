package ringfence.gateway.openai;

import org.jspecify.annotations.Nullable;

/// A function that the model may call.
///
/// @param parametersJson a JSON Schema object of at most 256 KiB; empty is none
public record ToolDefinition(String name, String description, String parametersJson) {
  static final int MAX_SCHEMA_BYTES = 256 * 1024;

  @Override
  public String toString() {
    return "ToolDefinition[bytes=" + (description.length() + parametersJson.length()) + "]";
  }

  static ToolDefinition read(WireReader in) {
    String at = in.path();
    var tool =
        new Object() {
          @Nullable String type;
          @Nullable String name;
          String description = "";
          String parameters = "";
        };
    in.object(field -> {
      switch (field) {
        case "type" -> {
          tool.type = in.string();
          if (!tool.type.equals("function")) {
            throw ApiError.unsupportedValue(in.path(), "Only 'function' is supported.");
          }
        }
        case "function" ->
            in.object(inner -> {
              switch (inner) {
                case "name" -> tool.name = in.string(256);
                case "description" -> tool.description = in.string();
                case "parameters" -> tool.parameters = in.rawObject(MAX_SCHEMA_BYTES);
                case "strict" -> {
                  if (in.bool()) {
                    throw ApiError.unsupportedValue(
                        in.path(), "A strict schema is not enforced here; leave it out.");
                  }
                }
                default -> {
                  return false;
                }
              }
              return true;
            });
        default -> {
          return false;
        }
      }
      return true;
    });
    if (tool.type == null) {
      throw CommonOptions.missing(at + ".type");
    }
    if (tool.name == null) {
      throw CommonOptions.missing(at + ".function.name");
    }
    return new ToolDefinition(tool.name, tool.description, tool.parameters);
  }
}
