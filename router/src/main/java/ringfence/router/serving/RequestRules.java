package ringfence.router.serving;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Failures;

/// What a request must be before it is looked at any further; the limits of the contract. Sampling
/// is checked by the node, which knows the model.
final class RequestRules {
  private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final int MAX_CHOICES = 128;
  private static final int MAX_MESSAGES = 4_096;
  private static final int MAX_TOOLS = 128;
  private static final int MAX_STOPS = 16;
  private static final int MAX_STOP_BYTES = 1_024;
  private static final int MAX_BIASES = 1_024;
  private static final int MAX_REASONS = 32;
  private static final int MAX_NAME_BYTES = 256;

  private final int maxPromptBytes;

  RequestRules(int maxPromptBytes) {
    this.maxPromptBytes = maxPromptBytes;
  }

  /// What is wrong with the request; null: nothing.
  @Nullable Failure check(RouteRequest request) {
    if (!REQUEST_ID.matcher(request.getRequestId()).matches()) {
      return invalid("request_id", "1 to 64 characters of A-Z a-z 0-9 _ - expected");
    }
    if (request.getModelBytes().isEmpty() || request.getModelBytes().size() > MAX_NAME_BYTES) {
      return invalid("model", "a name of 1 to 256 bytes expected");
    }
    if (request.getTenantBytes().size() > MAX_NAME_BYTES) {
      return invalid("tenant", "at most 256 bytes expected");
    }
    if (request.getChoices() < 1 || request.getChoices() > MAX_CHOICES) {
      return invalid("n", "1 to 128 expected");
    }
    if (request.getLabel().getReasonsCount() > MAX_REASONS) {
      return invalid("label", "at most 32 reasons expected");
    }
    if (request.getStop().getStopCount() > MAX_STOPS) {
      return invalid("stop", "at most 16 expected");
    }
    for (int i = 0; i < request.getStop().getStopCount(); i++) {
      int bytes = request.getStop().getStopBytes(i).size();
      if (bytes < 1 || bytes > MAX_STOP_BYTES) {
        return invalid("stop", "strings of 1 to 1024 bytes expected");
      }
    }
    if (request.getSampling().getLogitBiasCount() > MAX_BIASES) {
      return invalid("logit_bias", "at most 1024 entries expected");
    }
    return checkPrompt(request);
  }

  private @Nullable Failure checkPrompt(RouteRequest request) {
    if (request.getPrompt().getSerializedSize() > maxPromptBytes) {
      return invalid("messages", "a prompt of at most " + maxPromptBytes + " bytes expected");
    }
    return switch (request.getPrompt().getInputCase()) {
      case CHAT -> {
        Chat chat = request.getPrompt().getChat();
        if (chat.getMessagesCount() < 1 || chat.getMessagesCount() > MAX_MESSAGES) {
          yield invalid("messages", "1 to 4096 expected");
        }
        if (chat.getToolsCount() > MAX_TOOLS) {
          yield invalid("tools", "at most 128 expected");
        }
        yield mustCall(chat);
      }
      case TEXT, TOKEN_IDS -> null;
      case INPUT_NOT_SET -> invalid("prompt", "a prompt expected");
    };
  }

  private static @Nullable Failure mustCall(Chat chat) {
    return switch (chat.getMustCallCase()) {
      case ANY_TOOL ->
          chat.getAnyTool() && chat.getToolsCount() == 0
              ? invalid("tool_choice", "tools expected where one must be called")
              : null;
      case NAMED_TOOL ->
          chat.getToolsList().stream().noneMatch(tool -> tool.getName().equals(chat.getNamedTool()))
              ? invalid("tool_choice", "one of the tools expected")
              : null;
      case MUSTCALL_NOT_SET -> null;
    };
  }

  private static Failure invalid(String parameter, String problem) {
    return Failures.invalid(parameter, parameter + ": " + problem);
  }
}
