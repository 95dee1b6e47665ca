package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of `POST /v1/chat/completions`.
///
/// @param messages 1 to 4096
/// @param tools at most 128; empty when the model may not call any
/// @param parallelToolCalls whether the model may call several at once; null where the client does
///   not say
/// @param templateArgumentsJson extra variables of the chat template, a JSON object; empty is none
/// @param continueFinalMessage the last message is the assistant's and is gone on with
/// @param topLogprobs how many alternatives to report beside each token's log probability; null is
///   no report
public record ChatRequest(
    CommonOptions options,
    List<ChatMessage> messages,
    List<ToolDefinition> tools,
    ToolChoice toolChoice,
    @Nullable Boolean parallelToolCalls,
    String templateArgumentsJson,
    boolean continueFinalMessage,
    @Nullable Integer topLogprobs) {

  static final int MAX_MESSAGES = 4096;
  static final int MAX_TOOLS = 128;
  static final int MAX_TEMPLATE_ARGUMENT_BYTES = 64 * 1024;
  static final int MAX_TOP_LOGPROBS = 20;

  @Override
  public String toString() {
    return "ChatRequest[model=" + options.model() + ", messages=" + messages.size() + "]";
  }

  /// Reads and checks a body; throws [ApiError] with status 400.
  public static ChatRequest read(byte[] body) {
    return WireReader.read(body, in -> new Reading(in).request());
  }

  private static final class Reading {
    private final WireReader in;
    private final CommonOptions.Collector common = new CommonOptions.Collector();
    private final List<ChatMessage> messages = new ArrayList<>();
    private boolean hasMessages;
    private final List<ToolDefinition> tools = new ArrayList<>();
    private ToolChoice toolChoice = new ToolChoice.Auto();
    private @Nullable Boolean parallelToolCalls;
    private String templateArguments = "";
    private boolean continueFinalMessage;
    private @Nullable Boolean addGenerationPrompt;
    private boolean logprobs;
    private @Nullable Integer topLogprobs;
    private @Nullable Integer maxTokens;
    private @Nullable Integer maxCompletionTokens;

    Reading(WireReader in) {
      this.in = in;
    }

    ChatRequest request() {
      in.object(this::field);
      if (!hasMessages) {
        throw CommonOptions.missing("messages");
      }
      if (messages.isEmpty()) {
        throw ApiError.invalid(
            "messages",
            "empty_array",
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.");
      }
      if (maxTokens != null && maxCompletionTokens != null) {
        throw ApiError.invalid(
            "max_tokens",
            "invalid_parameter_combination",
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
      }
      if (topLogprobs != null && !logprobs) {
        throw ApiError.invalid(
            "top_logprobs",
            null,
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.");
      }
      checkContinuation();
      toolChoice.check(tools);
      return new ChatRequest(
          common.collected(maxCompletionTokens != null ? maxCompletionTokens : maxTokens),
          List.copyOf(messages),
          toolChoice instanceof ToolChoice.None ? List.of() : List.copyOf(tools),
          toolChoice,
          parallelToolCalls,
          templateArguments,
          continueFinalMessage,
          logprobs ? Integer.valueOf(topLogprobs == null ? 0 : topLogprobs) : null);
    }

    private void checkContinuation() {
      if (continueFinalMessage && messages.getLast().role() != ChatMessage.Role.ASSISTANT) {
        throw ApiError.invalid(
            "continue_final_message",
            "invalid_value",
            "'continue_final_message' needs a last message whose role is 'assistant'.");
      }
      if (addGenerationPrompt != null && addGenerationPrompt == continueFinalMessage) {
        throw ApiError.unsupportedValue(
            "add_generation_prompt", "It must be the opposite of 'continue_final_message'.");
      }
    }

    private boolean field(String name) {
      if (common.read(name, in)) {
        return true;
      }
      switch (name) {
        case "messages" -> {
          hasMessages = true;
          in.array(MAX_MESSAGES, () -> messages.add(ChatMessage.read(in)));
        }
        case "tools" -> in.array(MAX_TOOLS, () -> tools.add(ToolDefinition.read(in)));
        case "tool_choice" -> toolChoice = ToolChoice.read(in);
        case "parallel_tool_calls" -> parallelToolCalls = in.bool();
        case "max_tokens" -> maxTokens = in.integer(1, Integer.MAX_VALUE);
        case "max_completion_tokens" -> maxCompletionTokens = in.integer(1, Integer.MAX_VALUE);
        case "logprobs" -> logprobs = in.bool();
        case "top_logprobs" -> topLogprobs = in.integer(0, MAX_TOP_LOGPROBS);
        case "chat_template_kwargs" ->
            templateArguments = in.rawObject(MAX_TEMPLATE_ARGUMENT_BYTES);
        case "continue_final_message" -> continueFinalMessage = in.bool();
        case "add_generation_prompt" -> addGenerationPrompt = in.bool();
        case "response_format" -> responseFormat();
        case "modalities" -> modalities();
        case "verbosity" -> {
          if (!in.string().equals("medium")) {
            throw ApiError.unsupportedValue("verbosity", "Only 'medium' is supported.");
          }
        }
        case "echo" -> {
          if (in.bool()) {
            throw ApiError.unsupportedParameter("echo", "Only /v1/completions has it.");
          }
        }
        case "audio", "functions", "function_call", "web_search_options", "reasoning_effort" ->
            throw ApiError.unsupportedParameter(name, "Leave it out.");
        default -> {
          return UnsupportedOptions.refuse(name);
        }
      }
      return true;
    }

    private void responseFormat() {
      var seen =
          new Object() {
            @Nullable String type;
          };
      in.object(field -> {
        if (field.equals("type")) {
          seen.type = in.string();
          return true;
        }
        return in.ignore();
      });
      if (seen.type == null) {
        throw CommonOptions.missing("response_format.type");
      }
      switch (seen.type) {
        case "text" -> {}
        case "json_object", "json_schema" ->
            throw ApiError.unsupportedValue("response_format", "Only type 'text' is supported.");
        default ->
            throw ApiError.invalid(
                "response_format.type",
                "invalid_value",
                "Invalid value for 'response_format.type'. Supported values are: 'text'.");
      }
    }

    private void modalities() {
      in.array(
          8,
          () -> {
            if (!in.string().equals("text")) {
              throw ApiError.unsupportedValue("modalities", "Only 'text' is supported.");
            }
          });
    }
  }
}
