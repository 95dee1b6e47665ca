package ringfence.router.policy.document;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Zone;

/// An endpoint that speaks OpenAI's API.
///
/// @param baseUrl http or https, up to and with the version, such as `https://host/v1`
/// @param zone where content is seen that goes there
/// @param models by the name that clients use
public record Upstream(
    String name, URI baseUrl, Zone zone, Secret key, Map<String, Model> models, Limits limits) {

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

  /// How much it is asked for.
  ///
  /// @param requestsPerMinute null: no limit
  public record Limits(int maxInFlight, @Nullable Integer requestsPerMinute) {}
}
