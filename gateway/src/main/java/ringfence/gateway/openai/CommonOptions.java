package ringfence.gateway.openai;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What chat and plain completions share. Null is "not given".
///
/// @param model the model's name, 1 to 256 bytes
/// @param choices n, 1 to 128
/// @param temperature 0 to 2
/// @param topP 0 to 1
/// @param topK 0 (off) or more; an extension, as is what follows to `ignoreEndOfSequence`
/// @param minP 0 to 1
/// @param repetitionPenalty above 0 to 100
/// @param ignoreEndOfSequence go on after the end-of-sequence token (benchmarks)
/// @param frequencyPenalty -2 to 2
/// @param presencePenalty -2 to 2
/// @param logitBias token id to -100 to 100, at most 1024
/// @param seed any 64-bit number
/// @param stop at most 16 strings of 1 to 1024 bytes
/// @param maxTokens of one choice, at least 1
/// @param stream answer as server-sent events
/// @param includeUsage with `stream`: a last chunk with the token counts
public record CommonOptions(
    String model,
    int choices,
    @Nullable Float temperature,
    @Nullable Float topP,
    @Nullable Integer topK,
    @Nullable Float minP,
    @Nullable Float repetitionPenalty,
    boolean ignoreEndOfSequence,
    @Nullable Float frequencyPenalty,
    @Nullable Float presencePenalty,
    Map<Integer, Float> logitBias,
    @Nullable Long seed,
    List<String> stop,
    @Nullable Integer maxTokens,
    boolean stream,
    boolean includeUsage) {

  static final int MAX_CHOICES = 128;
  static final int MAX_STOP_STRINGS = 16;
  static final int MAX_STOP_BYTES = 1024;
  static final int MAX_LOGIT_BIASES = 1024;

  /// Stop strings are content.
  @Override
  public String toString() {
    return "CommonOptions[model=" + model + ", choices=" + choices + ", stream=" + stream + "]";
  }

  /// Collects the shared fields while a body is read.
  static final class Collector {
    /// Bookkeeping, tuning and storage that does not change what the answer says.
    private static final Set<String> IGNORED =
        Set.of(
            "user",
            "metadata",
            "store",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prediction",
            "cache_prompt",
            "request_id",
            "priority");

    private @Nullable String model;
    private int choices = 1;
    private @Nullable Float temperature;
    private @Nullable Float topP;
    private @Nullable Integer topK;
    private @Nullable Float minP;
    private @Nullable Float repetitionPenalty;
    private boolean ignoreEndOfSequence;
    private @Nullable Float frequencyPenalty;
    private @Nullable Float presencePenalty;
    private final Map<Integer, Float> logitBias = new HashMap<>();
    private @Nullable Long seed;
    private List<String> stop = List.of();
    private boolean stream;
    private @Nullable Boolean includeUsage;

    /// Reads the field when it is a shared one.
    boolean read(String name, WireReader in) {
      if (IGNORED.contains(name)) {
        return in.ignore();
      }
      switch (name) {
        case "model" -> model = in.string(256);
        case "n" -> choices = in.integer(1, MAX_CHOICES);
        case "temperature" -> temperature = in.decimal(0, 2);
        case "top_p" -> topP = in.decimal(0, 1);
        case "top_k" -> topK = Math.max(0, in.integer(-1, Integer.MAX_VALUE));
        case "min_p" -> minP = in.decimal(0, 1);
        case "repetition_penalty" -> repetitionPenalty = in.decimal(0.01, 100);
        case "ignore_eos" -> ignoreEndOfSequence = in.bool();
        case "frequency_penalty" -> frequencyPenalty = in.decimal(-2, 2);
        case "presence_penalty" -> presencePenalty = in.decimal(-2, 2);
        case "logit_bias" -> in.object(token -> readBias(token, in));
        case "seed" -> seed = in.integer(Long.MIN_VALUE, Long.MAX_VALUE);
        case "stop" -> stop = readStop(in);
        case "stream" -> stream = in.bool();
        case "stream_options" -> {
          includeUsage = false;
          in.object(option -> readStreamOption(option, in));
        }
        default -> {
          return false;
        }
      }
      return true;
    }

    private boolean readBias(String token, WireReader in) {
      int id;
      try {
        id = Integer.parseInt(token);
      } catch (NumberFormatException e) {
        id = -1;
      }
      if (id < 0) {
        throw ApiError.invalid(
            "logit_bias", "invalid_value", "Invalid 'logit_bias': its keys must be token ids.");
      }
      if (logitBias.size() == MAX_LOGIT_BIASES) {
        throw ApiError.invalid(
            "logit_bias",
            "object_above_max_properties",
            "Invalid 'logit_bias': at most " + MAX_LOGIT_BIASES + " tokens.");
      }
      logitBias.put(id, in.decimal(-100, 100));
      return true;
    }

    private boolean readStreamOption(String option, WireReader in) {
      return switch (option) {
        case "include_usage" -> {
          includeUsage = in.bool();
          yield true;
        }
        case "include_obfuscation", "continuous_usage_stats" -> in.ignore();
        default -> false;
      };
    }

    private static List<String> readStop(WireReader in) {
      if (!in.atArray()) {
        return List.of(in.string(MAX_STOP_BYTES));
      }
      var strings = new ArrayList<String>();
      in.array(MAX_STOP_STRINGS, () -> strings.add(in.string(MAX_STOP_BYTES)));
      return List.copyOf(strings);
    }

    /// What was read, checked as a whole.
    CommonOptions collected(@Nullable Integer maxTokens) {
      if (model == null) {
        throw missing("model");
      }
      if (includeUsage != null && !stream) {
        throw ApiError.invalid(
            "stream_options",
            null,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
      }
      return new CommonOptions(
          model,
          choices,
          temperature,
          topP,
          topK,
          minP,
          repetitionPenalty,
          ignoreEndOfSequence,
          frequencyPenalty,
          presencePenalty,
          Map.copyOf(logitBias),
          seed,
          stop,
          maxTokens,
          stream,
          includeUsage != null && includeUsage);
    }
  }

  static ApiError missing(String parameter) {
    return ApiError.invalid(
        parameter,
        "missing_required_parameter",
        "Missing required parameter: '" + parameter + "'.");
  }
}
