package ringfence.router.policy.document;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Zone;

/// An endpoint that speaks OpenAI's API.
///
/// @param baseUrl http or https, up to and with the version, such as `https://host/v1`
/// @param zone where content is seen that goes there
/// @param models by the name that clients use
/// @param newTokensField the limit of the answer is sent as `max_completion_tokens`, not as
///   `max_tokens`
public record Upstream(
    String name,
    URI baseUrl,
    Zone zone,
    Secret key,
    Map<String, Model> models,
    Limits limits,
    Timeouts timeouts,
    boolean newTokensField) {

  public Upstream {
    models = Map.copyOf(models);
  }

  /// Where the key is read from; it never stands in the policy file.
  public sealed interface Secret {
    /// No key is sent.
    record None() implements Secret {}

    /// The file's content without surrounding blanks.
    record InFile(Path file) implements Secret {}

    /// An environment variable's value.
    record InEnvironment(String variable) implements Secret {}
  }

  /// A model that it serves.
  ///
  /// @param upstreamName its name there
  /// @param contextLength tokens
  public record Model(String upstreamName, int contextLength, Price price) {}

  /// What tokens cost.
  ///
  /// @param inputNanosPerToken billionths of the currency for a token of the prompt: thousandths of
  ///   the currency per million tokens
  /// @param outputNanosPerToken the same for a token of the answer
  public record Price(long inputNanosPerToken, long outputNanosPerToken) {
    /// What is computed on one's own machines.
    public static final Price FREE = new Price(0, 0);

    /// Of so many tokens.
    public long nanos(long promptTokens, long answerTokens) {
      return Math.addExact(
          Math.multiplyExact(inputNanosPerToken, promptTokens),
          Math.multiplyExact(outputNanosPerToken, answerTokens));
    }
  }

  /// How much it is asked for. What a minute holds refills evenly.
  ///
  /// @param requestsPerMinute null: no limit
  /// @param tokensPerMinute of prompts and answers; null: no limit
  public record Limits(
      int maxInFlight, @Nullable Integer requestsPerMinute, @Nullable Integer tokensPerMinute) {
    /// Without a limit of tokens.
    public Limits(int maxInFlight, @Nullable Integer requestsPerMinute) {
      this(maxInFlight, requestsPerMinute, null);
    }
  }

  /// How long it is waited for.
  ///
  /// @param connect for a connection
  /// @param firstByte for the head of its answer, once connected or not
  /// @param between without a byte in mid-answer
  public record Timeouts(Duration connect, Duration firstByte, Duration between) {
    /// Where the policy says nothing.
    public static final Timeouts USUAL =
        new Timeouts(Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofSeconds(30));
  }
}
