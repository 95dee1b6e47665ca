package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One message of a chat request. Content given as one string is one text part.
///
/// @param role who speaks
/// @param parts texts in order; empty is an absent content
/// @param toolCalls assistant only
/// @param toolCallId tool only: which call this answers
/// @param name optional
/// @param reasoningContent optional: an earlier answer's reasoning (an extension)
public record ChatMessage(
    Role role,
    List<String> parts,
    List<ToolCall> toolCalls,
    @Nullable String toolCallId,
    @Nullable String name,
    @Nullable String reasoningContent) {

  static final int MAX_PARTS = 4096;
  static final int MAX_TOOL_CALLS = 128;

  /// Who speaks; the wire's word is the name in lower case.
  public enum Role {
    SYSTEM("system"),
    DEVELOPER("developer"),
    USER("user"),
    ASSISTANT("assistant"),
    TOOL("tool");

    private final String wire;

    Role(String wire) {
      this.wire = wire;
    }

    /// The role as JSON and templates have it.
    public String wire() {
      return wire;
    }
  }

  /// A call that the assistant made earlier.
  ///
  /// @param argumentsJson what the model wrote; meant to be JSON, not checked
  public record ToolCall(String id, String name, String argumentsJson) {
    @Override
    public String toString() {
      return "ToolCall[bytes=" + argumentsJson.length() + "]";
    }
  }

  @Override
  public String toString() {
    int size = parts.stream().mapToInt(String::length).sum();
    return "ChatMessage[role=" + role.wire() + ", characters=" + size + "]";
  }

  static ChatMessage read(WireReader in) {
    var reading = new Reading(in, in.path());
    in.object(reading::field);
    return reading.message();
  }

  private static final class Reading {
    private final WireReader in;
    private final String path;
    private @Nullable Role role;
    private final List<String> parts = new ArrayList<>();
    private boolean hasContent;
    private final List<ToolCall> toolCalls = new ArrayList<>();
    private @Nullable String toolCallId;
    private @Nullable String name;
    private @Nullable String reasoningContent;

    Reading(WireReader in, String path) {
      this.in = in;
      this.path = path;
    }

    boolean field(String field) {
      switch (field) {
        case "role" -> role = role();
        case "content" -> content();
        case "tool_calls" -> in.array(MAX_TOOL_CALLS, () -> toolCalls.add(toolCall()));
        case "tool_call_id" -> toolCallId = in.string(256);
        case "name" -> name = in.string(256);
        case "reasoning_content", "reasoning" -> reasoningContent = in.string();
        case "refusal", "annotations" -> in.ignore();
        case "audio", "function_call" ->
            throw ApiError.unsupportedParameter(in.path(), "Text and 'tool_calls' are supported.");
        default -> {
          return false;
        }
      }
      return true;
    }

    private Role role() {
      String given = in.string();
      for (Role known : Role.values()) {
        if (known.wire().equals(given)) {
          return known;
        }
      }
      throw ApiError.invalid(
          in.path(),
          "invalid_value",
          "Invalid value for '"
              + in.path()
              + "'. Supported values are: 'system', 'developer', 'user', 'assistant' and 'tool'.");
    }

    private void content() {
      hasContent = true;
      if (in.atString()) {
        parts.add(in.string());
      } else if (in.atArray()) {
        in.array(MAX_PARTS, this::part);
      } else {
        throw in.wrongType("a string or an array of content parts");
      }
    }

    private void part() {
      String at = in.path();
      var part =
          new Object() {
            @Nullable String type;
            @Nullable String text;
            boolean other;
          };
      in.object(field ->
          switch (field) {
            case "type" -> {
              part.type = in.string();
              yield true;
            }
            case "text" -> {
              part.text = in.string();
              yield true;
            }
            default -> {
              part.other = true;
              yield in.ignore();
            }
          });
      if (part.type == null) {
        throw CommonOptions.missing(at + ".type");
      }
      switch (part.type) {
        case "text" -> {
          if (part.text == null) {
            throw CommonOptions.missing(at + ".text");
          }
          parts.add(part.text);
        }
        case "refusal" -> {}
        case "image_url", "input_audio", "file", "video_url", "audio_url" ->
            throw ApiError.unsupportedValue(at + ".type", "Only 'text' parts are supported.");
        default ->
            throw ApiError.invalid(
                at + ".type",
                "invalid_value",
                "Invalid value for '" + at + ".type'. Supported values are: 'text' and 'refusal'.");
      }
    }

    private ToolCall toolCall() {
      String at = in.path();
      var call =
          new Object() {
            String id = "";
            @Nullable String name;
            String arguments = "";
          };
      in.object(field -> {
        switch (field) {
          case "id" -> call.id = in.string(256);
          case "index" -> in.ignore();
          case "type" -> {
            if (!in.string().equals("function")) {
              throw ApiError.unsupportedValue(in.path(), "Only 'function' is supported.");
            }
          }
          case "function" ->
              in.object(inner -> {
                switch (inner) {
                  case "name" -> call.name = in.string(256);
                  case "arguments" -> call.arguments = in.string();
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
      if (call.name == null) {
        throw CommonOptions.missing(at + ".function.name");
      }
      return new ToolCall(call.id, call.name, call.arguments);
    }

    ChatMessage message() {
      if (role == null) {
        throw CommonOptions.missing(path + ".role");
      }
      if (role != Role.ASSISTANT && !hasContent) {
        throw CommonOptions.missing(path + ".content");
      }
      if (role == Role.ASSISTANT && !hasContent && toolCalls.isEmpty()) {
        throw CommonOptions.missing(path + ".content");
      }
      if (role != Role.ASSISTANT && !toolCalls.isEmpty()) {
        throw ApiError.invalid(
            path + ".tool_calls",
            "invalid_value",
            "Invalid '" + path + ".tool_calls': only an assistant's message has tool calls.");
      }
      if (role == Role.TOOL && toolCallId == null) {
        throw CommonOptions.missing(path + ".tool_call_id");
      }
      return new ChatMessage(
          role, List.copyOf(parts), List.copyOf(toolCalls), toolCallId, name, reasoningContent);
    }
  }
}
