package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The body of `POST /v1/completions`.
///
/// @param prompts 1 to 128; each becomes a request of its own to the router
/// @param topLogprobs how many alternatives to report beside each token's log probability; null is
///   no report
/// @param echo the prompt's text comes before the answer
public record CompletionRequest(
    CommonOptions options, List<TextPrompt> prompts, @Nullable Integer topLogprobs, boolean echo) {

  static final int MAX_PROMPTS = CommonOptions.MAX_CHOICES;
  static final int MAX_LOGPROBS = 20;
  static final int DEFAULT_MAX_TOKENS = 16;

  /// One prompt of a plain completion.
  public sealed interface TextPrompt {
    /// Text that no template renders.
    record Text(String text) implements TextPrompt {
      @Override
      public String toString() {
        return "Prompt[characters=" + text.length() + "]";
      }
    }

    /// Token ids of the model's own vocabulary.
    record Tokens(int[] ids) implements TextPrompt {
      @Override
      public String toString() {
        return "Prompt[tokens=" + ids.length + "]";
      }
    }
  }

  @Override
  public String toString() {
    return "CompletionRequest[model=" + options.model() + ", prompts=" + prompts.size() + "]";
  }

  /// Reads and checks a body; throws [ApiError] with status 400.
  public static CompletionRequest read(byte[] body) {
    return WireReader.read(body, in -> new Reading(in).request());
  }

  private static final class Reading {
    private final WireReader in;
    private final CommonOptions.Collector common = new CommonOptions.Collector();
    private @Nullable List<TextPrompt> prompts;
    private @Nullable Integer topLogprobs;
    private @Nullable Integer bestOf;
    private int maxTokens = DEFAULT_MAX_TOKENS;
    private boolean echo;

    Reading(WireReader in) {
      this.in = in;
    }

    CompletionRequest request() {
      in.object(this::field);
      if (prompts == null) {
        throw CommonOptions.missing("prompt");
      }
      CommonOptions options = common.collected(maxTokens);
      if (bestOf != null && bestOf != options.choices()) {
        throw ApiError.unsupportedValue("best_of", "Only the value of 'n' is supported.");
      }
      if ((long) prompts.size() * options.choices() > CommonOptions.MAX_CHOICES) {
        throw ApiError.invalid(
            "n",
            "integer_above_max_value",
            "Invalid 'n': prompts times 'n' may be " + CommonOptions.MAX_CHOICES + " at most.");
      }
      if (echo && topLogprobs != null) {
        throw ApiError.unsupportedValue(
            "echo", "Log probabilities of the prompt's tokens are not supported.");
      }
      return new CompletionRequest(options, prompts, topLogprobs, echo);
    }

    private boolean field(String name) {
      if (common.read(name, in)) {
        return true;
      }
      switch (name) {
        case "prompt" -> prompts = prompts();
        case "max_tokens" -> maxTokens = in.integer(1, Integer.MAX_VALUE);
        case "logprobs" -> topLogprobs = in.integer(0, MAX_LOGPROBS);
        case "best_of" -> bestOf = in.integer(1, CommonOptions.MAX_CHOICES);
        case "echo" -> echo = in.bool();
        case "suffix" -> throw ApiError.unsupportedParameter("suffix", "Leave it out.");
        case "response_format" -> throw ApiError.unsupportedParameter(name, "Leave it out.");
        default -> {
          return UnsupportedOptions.refuse(name);
        }
      }
      return true;
    }

    private List<TextPrompt> prompts() {
      if (in.atString()) {
        return List.of(new TextPrompt.Text(in.string()));
      }
      if (!in.atArray()) {
        throw in.wrongType("a string or an array");
      }
      var found = new ArrayList<TextPrompt>();
      var ids = new IntList();
      in.array(
          TokenIds.MAX,
          () -> {
            if (in.atInteger() && found.isEmpty()) {
              ids.add(in.integer(0, Integer.MAX_VALUE));
            } else if (ids.size > 0) {
              throw in.wrongType("an integer");
            } else {
              found.add(onePrompt(found.size()));
            }
          });
      if (ids.size > 0) {
        return List.of(new TextPrompt.Tokens(ids.toArray()));
      }
      if (found.isEmpty()) {
        throw empty("prompt");
      }
      return List.copyOf(found);
    }

    private TextPrompt onePrompt(int before) {
      if (before == MAX_PROMPTS) {
        throw ApiError.invalid(
            "prompt",
            "array_above_max_length",
            "Invalid 'prompt': array too long. Expected at most " + MAX_PROMPTS + " prompts.");
      }
      if (in.atString()) {
        return new TextPrompt.Text(in.string());
      }
      if (!in.atArray()) {
        throw in.wrongType("a string or an array of token ids");
      }
      String at = in.path();
      var ids = new IntList();
      in.array(TokenIds.MAX, () -> ids.add(in.integer(0, Integer.MAX_VALUE)));
      if (ids.size == 0) {
        throw empty(at);
      }
      return new TextPrompt.Tokens(ids.toArray());
    }

    private static ApiError empty(String at) {
      return ApiError.invalid(
          at,
          "empty_array",
          "Invalid '"
              + at
              + "': empty array. Expected an array with minimum length 1, but got an empty array instead.");
    }
  }

  private static final class TokenIds {
    /// More than any context; a bound on memory.
    static final int MAX = 2_000_000;
  }

  private static final class IntList {
    private int[] values = new int[64];
    private int size;

    void add(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
    }

    int[] toArray() {
      return Arrays.copyOf(values, size);
    }
  }
}
