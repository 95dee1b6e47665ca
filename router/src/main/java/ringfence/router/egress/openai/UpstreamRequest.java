package ringfence.router.egress.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCall;

/// An attempt as the body of a request in OpenAI's API: the fields that the API knows, and nothing
/// of ours (no request id, attempt, tenant, label or seed that the client did not choose).
public final class UpstreamRequest {
  private static final JsonFactory FACTORY = new JsonFactory();

  /// An upstream's limit of stop strings.
  private static final int MOST_STOPS = 4;

  private UpstreamRequest() {}

  /// What of a request the API can't say, so that only a node can serve it; null: it can say all.
  public static @Nullable String unknownOption(
      Prompt prompt, SamplingOptions sampling, StopOptions stop, OutputOptions output) {
    Chat chat = prompt.getChat();
    if (prompt.hasTokenIds()) {
      return "prompts of token ids";
    } else if (!chat.getTemplateArgumentsJson().isEmpty()) {
      return "chat_template_kwargs";
    } else if (chat.getContinueFinalMessage()) {
      return "continue_final_message";
    } else if (sampling.hasTopK() && sampling.getTopK() != 0) {
      return "top_k";
    } else if (sampling.hasMinP() && sampling.getMinP() != 0) {
      return "min_p";
    } else if (sampling.hasRepetitionPenalty() && sampling.getRepetitionPenalty() != 1) {
      return "repetition_penalty";
    } else if (sampling.getLogitBiasCount() > 0) {
      return "logit_bias with another model's token ids";
    } else if (stop.getIgnoreEndOfSequence()) {
      return "ignore_eos";
    } else if (stop.getStopCount() > MOST_STOPS) {
      return "more than " + MOST_STOPS + " stop strings";
    } else if (prompt.hasText() && (output.getEcho() || output.hasTopLogprobs())) {
      return "echo or logprobs of a completion";
    }
    return null;
  }

  /// Which of the API's paths serves it, behind the base URL.
  public static String path(Prompt prompt) {
    return prompt.hasText() ? "/completions" : "/chat/completions";
  }

  /// The body.
  ///
  /// @param model its name there
  /// @param newTokensField see [ringfence.router.policy.document.Upstream]
  public static ByteString body(GenerationRequest request, String model, boolean newTokensField) {
    ByteString.Output out = ByteString.newOutput();
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("model", model);
      if (request.getPrompt().hasText()) {
        json.writeStringField("prompt", request.getPrompt().getText());
      } else {
        chat(json, request.getPrompt().getChat());
        if (request.getOutput().hasTopLogprobs()) {
          json.writeBooleanField("logprobs", true);
          json.writeNumberField("top_logprobs", request.getOutput().getTopLogprobs());
        }
      }
      options(json, request, newTokensField);
      json.writeBooleanField("stream", true);
      json.writeObjectFieldStart("stream_options");
      json.writeBooleanField("include_usage", true);
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException malformed) {
      throw new UncheckedIOException(malformed);
    }
    return out.toByteString();
  }

  private static void options(JsonGenerator json, GenerationRequest request, boolean newTokensField)
      throws IOException {
    SamplingOptions sampling = request.getSampling();
    if (sampling.hasTemperature()) {
      json.writeNumberField("temperature", sampling.getTemperature());
    }
    if (sampling.hasTopP()) {
      json.writeNumberField("top_p", sampling.getTopP());
    }
    if (sampling.hasFrequencyPenalty()) {
      json.writeNumberField("frequency_penalty", sampling.getFrequencyPenalty());
    }
    if (sampling.hasPresencePenalty()) {
      json.writeNumberField("presence_penalty", sampling.getPresencePenalty());
    }
    if (request.getHasSeed()) {
      json.writeNumberField("seed", sampling.getSeed());
    }
    if (request.getStop().getStopCount() > 0) {
      json.writeArrayFieldStart("stop");
      for (String stop : request.getStop().getStopList()) {
        json.writeString(stop);
      }
      json.writeEndArray();
    }
    if (request.getStop().hasMaxTokens()) {
      json.writeNumberField(
          newTokensField ? "max_completion_tokens" : "max_tokens",
          Integer.toUnsignedLong(request.getStop().getMaxTokens()));
    }
    if (request.getChoicesCount() > 1) {
      json.writeNumberField("n", request.getChoicesCount());
    }
  }

  private static void chat(JsonGenerator json, Chat chat) throws IOException {
    json.writeArrayFieldStart("messages");
    for (ChatMessage message : chat.getMessagesList()) {
      message(json, message);
    }
    json.writeEndArray();
    if (chat.getToolsCount() > 0) {
      json.writeArrayFieldStart("tools");
      for (Tool tool : chat.getToolsList()) {
        tool(json, tool);
      }
      json.writeEndArray();
      toolUse(json, chat);
    }
  }

  private static void toolUse(JsonGenerator json, Chat chat) throws IOException {
    switch (chat.getMustCallCase()) {
      case ANY_TOOL -> {
        if (chat.getAnyTool()) {
          json.writeStringField("tool_choice", "required");
        }
      }
      case NAMED_TOOL -> {
        json.writeObjectFieldStart("tool_choice");
        json.writeStringField("type", "function");
        json.writeObjectFieldStart("function");
        json.writeStringField("name", chat.getNamedTool());
        json.writeEndObject();
        json.writeEndObject();
      }
      case MUSTCALL_NOT_SET -> {}
    }
    if (chat.hasParallelToolCalls()) {
      json.writeBooleanField("parallel_tool_calls", chat.getParallelToolCalls());
    }
  }

  private static void message(JsonGenerator json, ChatMessage message) throws IOException {
    json.writeStartObject();
    json.writeStringField("role", message.getRole());
    if (message.getPartsCount() == 0) {
      json.writeNullField("content");
    } else if (message.getPartsCount() == 1) {
      json.writeStringField("content", message.getParts(0).getText());
    } else {
      json.writeArrayFieldStart("content");
      for (ContentPart part : message.getPartsList()) {
        json.writeStartObject();
        json.writeStringField("type", "text");
        json.writeStringField("text", part.getText());
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    if (!message.getName().isEmpty()) {
      json.writeStringField("name", message.getName());
    }
    if (!message.getToolCallId().isEmpty()) {
      json.writeStringField("tool_call_id", message.getToolCallId());
    }
    if (message.getToolCallsCount() > 0) {
      json.writeArrayFieldStart("tool_calls");
      for (ToolCall call : message.getToolCallsList()) {
        json.writeStartObject();
        json.writeStringField("id", call.getId());
        json.writeStringField("type", "function");
        json.writeObjectFieldStart("function");
        json.writeStringField("name", call.getName());
        json.writeStringField("arguments", call.getArgumentsJson());
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }

  private static void tool(JsonGenerator json, Tool tool) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "function");
    json.writeObjectFieldStart("function");
    json.writeStringField("name", tool.getName());
    if (!tool.getDescription().isEmpty()) {
      json.writeStringField("description", tool.getDescription());
    }
    if (!tool.getParametersJson().isEmpty()) {
      json.writeFieldName("parameters");
      // Copied token by token: what is not one JSON value can't change what stands around it.
      try (JsonParser schema = FACTORY.createParser(tool.getParametersJson())) {
        if (schema.nextToken() == null) {
          json.writeNull();
        } else {
          json.copyCurrentStructure(schema);
        }
      }
    }
    json.writeEndObject();
    json.writeEndObject();
  }
}
