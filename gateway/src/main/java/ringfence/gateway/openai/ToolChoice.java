package ringfence.gateway.openai;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which tools the model must call; where nothing is said, it decides by itself.
public sealed interface ToolChoice {
  /// It may call none: what its tools are is kept from it.
  record None() implements ToolChoice {}

  /// It decides by itself.
  record Auto() implements ToolChoice {}

  /// It calls at least one.
  record Required() implements ToolChoice {}

  /// It calls this function.
  record Named(String function) implements ToolChoice {}

  /// Reads the value of `tool_choice`.
  static ToolChoice read(WireReader in) {
    if (in.atString()) {
      return switch (in.string()) {
        case "none" -> new None();
        case "auto" -> new Auto();
        case "required" -> new Required();
        default ->
            throw ApiError.invalid(
                "tool_choice",
                "invalid_value",
                "Invalid value for 'tool_choice'. Supported values are: 'none', 'auto', 'required' and a function.");
      };
    }
    var seen =
        new Object() {
          @Nullable String name;
        };
    in.object(field -> {
      switch (field) {
        case "type" -> {
          if (!in.string().equals("function")) {
            throw ApiError.unsupportedValue("tool_choice.type", "Only 'function' is supported.");
          }
        }
        case "function" ->
            in.object(inner -> {
              if (!inner.equals("name")) {
                return false;
              }
              seen.name = in.string(256);
              return true;
            });
        default -> {
          return false;
        }
      }
      return true;
    });
    if (seen.name == null) {
      throw CommonOptions.missing("tool_choice.function.name");
    }
    return new Named(seen.name);
  }

  /// Throws [ApiError] when the tools that must be called are not there.
  default void check(List<ToolDefinition> tools) {
    switch (this) {
      case None _, Auto _ -> {}
      case Required _ -> {
        if (tools.isEmpty()) {
          throw ApiError.invalid(
              "tool_choice",
              "invalid_value",
              "'tool_choice' can be 'required' only where 'tools' are given.");
        }
      }
      case Named(String function) -> {
        if (tools.stream().noneMatch(tool -> tool.name().equals(function))) {
          throw ApiError.invalid(
              "tool_choice",
              "invalid_value",
              "The function that 'tool_choice' names is not among the 'tools'.");
        }
      }
    }
  }
}
