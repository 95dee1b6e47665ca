package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.List;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.TokenIds;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCall;

/// Wire records to the router's requests. Identity, label and waiting time are the caller's to add.
public final class RequestMapping {
  /// The proto wants top_p above 0; OpenAI's 0 means "the most probable token only".
  private static final float SMALLEST_TOP_P = 1e-6f;

  private RequestMapping() {}

  /// The one request of a chat.
  public static RouteRequest.Builder toRoute(ChatRequest request) {
    Chat.Builder chat =
        Chat.newBuilder()
            .setTemplateArgumentsJson(request.templateArgumentsJson())
            .setContinueFinalMessage(request.continueFinalMessage());
    for (ChatMessage message : request.messages()) {
      chat.addMessages(toMessage(message));
    }
    for (ToolDefinition tool : request.tools()) {
      chat.addTools(
          Tool.newBuilder()
              .setName(tool.name())
              .setDescription(tool.description())
              .setParametersJson(tool.parametersJson()));
    }
    switch (request.toolChoice()) {
      case ToolChoice.None _, ToolChoice.Auto _ -> {}
      case ToolChoice.Required _ -> chat.setAnyTool(true);
      case ToolChoice.Named(String function) -> chat.setNamedTool(function);
    }
    if (request.parallelToolCalls() != null && !request.tools().isEmpty()) {
      chat.setParallelToolCalls(request.parallelToolCalls());
    }
    OutputOptions.Builder output = OutputOptions.newBuilder();
    if (request.topLogprobs() != null) {
      output.setTopLogprobs(request.topLogprobs());
    }
    return common(request.options()).setPrompt(Prompt.newBuilder().setChat(chat)).setOutput(output);
  }

  /// One request a prompt, in the prompts' order.
  public static List<RouteRequest.Builder> toRoutes(CompletionRequest request) {
    var routes = new ArrayList<RouteRequest.Builder>(request.prompts().size());
    OutputOptions.Builder output = OutputOptions.newBuilder().setEcho(request.echo());
    if (request.topLogprobs() != null) {
      output.setTopLogprobs(request.topLogprobs());
    }
    for (CompletionRequest.TextPrompt prompt : request.prompts()) {
      routes.add(common(request.options()).setPrompt(toPrompt(prompt)).setOutput(output));
    }
    return routes;
  }

  private static Prompt.Builder toPrompt(CompletionRequest.TextPrompt prompt) {
    return switch (prompt) {
      case CompletionRequest.TextPrompt.Text text -> Prompt.newBuilder().setText(text.text());
      case CompletionRequest.TextPrompt.Tokens tokens -> {
        TokenIds.Builder ids = TokenIds.newBuilder();
        for (int id : tokens.ids()) {
          ids.addIds(id);
        }
        yield Prompt.newBuilder().setTokenIds(ids);
      }
    };
  }

  private static ringfence.proto.v1.ChatMessage.Builder toMessage(ChatMessage message) {
    var builder = ringfence.proto.v1.ChatMessage.newBuilder().setRole(message.role().wire());
    for (String text : message.parts()) {
      builder.addParts(ContentPart.newBuilder().setText(text));
    }
    for (ChatMessage.ToolCall call : message.toolCalls()) {
      builder.addToolCalls(
          ToolCall.newBuilder()
              .setId(call.id())
              .setName(call.name())
              .setArgumentsJson(call.argumentsJson()));
    }
    if (message.toolCallId() != null) {
      builder.setToolCallId(message.toolCallId());
    }
    if (message.name() != null) {
      builder.setName(message.name());
    }
    if (message.reasoningContent() != null) {
      builder.setReasoningContent(message.reasoningContent());
    }
    return builder;
  }

  private static RouteRequest.Builder common(CommonOptions options) {
    SamplingOptions.Builder sampling = SamplingOptions.newBuilder();
    if (options.temperature() != null) {
      sampling.setTemperature(options.temperature());
    }
    if (options.topP() != null) {
      sampling.setTopP(Math.max(SMALLEST_TOP_P, options.topP()));
    }
    if (options.topK() != null) {
      sampling.setTopK(options.topK());
    }
    if (options.minP() != null) {
      sampling.setMinP(options.minP());
    }
    if (options.repetitionPenalty() != null) {
      sampling.setRepetitionPenalty(options.repetitionPenalty());
    }
    if (options.frequencyPenalty() != null) {
      sampling.setFrequencyPenalty(options.frequencyPenalty());
    }
    if (options.presencePenalty() != null) {
      sampling.setPresencePenalty(options.presencePenalty());
    }
    sampling.putAllLogitBias(options.logitBias());
    if (options.seed() != null) {
      sampling.setSeed(options.seed());
    }
    StopOptions.Builder stop =
        StopOptions.newBuilder()
            .addAllStop(options.stop())
            .setIgnoreEndOfSequence(options.ignoreEndOfSequence());
    if (options.maxTokens() != null) {
      stop.setMaxTokens(options.maxTokens());
    }
    return RouteRequest.newBuilder()
        .setModel(options.model())
        .setSampling(sampling)
        .setHasSeed(options.seed() != null)
        .setStop(stop)
        .setChoices(options.choices());
  }
}
