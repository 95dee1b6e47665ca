package ringfence.router.routing;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A target as the router sees it at one moment; immutable.
///
/// @param name unique in the fleet
/// @param incarnation of its process
/// @param address host:port of its Generation service; an upstream's base URL
/// @param draining takes no new attempts
/// @param heardNanos when it was last heard, on the clock of [PlacementRequest#nowNanos]
/// @param deterministic the same tokens follow on any target with the same digest and numerics
/// @param numerics which kernels' arithmetic it computes with
/// @param models by name
/// @param unavailable why it takes no attempt now, for verdicts; null: it does, as far as is known
public record TargetView(
    String name,
    String incarnation,
    Zone zone,
    String address,
    boolean draining,
    long heardNanos,
    boolean deterministic,
    String numerics,
    Map<String, ModelView> models,
    @Nullable String unavailable) {

  public TargetView {
    models = Map.copyOf(models);
  }

  /// A node.
  public TargetView(
      String name,
      String incarnation,
      Zone zone,
      String address,
      boolean draining,
      long heardNanos,
      boolean deterministic,
      String numerics,
      Map<String, ModelView> models) {
    this(
        name,
        incarnation,
        zone,
        address,
        draining,
        heardNanos,
        deterministic,
        numerics,
        models,
        null);
  }

  /// Whether it is an endpoint of others that speaks OpenAI's API; no node's address is a URL.
  public boolean isUpstream() {
    return address.contains("://");
  }

  /// Of this process: a restarted node has another one.
  public String id() {
    return name + "/" + incarnation;
  }

  /// The model of that name, if it is served here.
  public @Nullable ModelView model(String modelName) {
    return models.get(modelName);
  }
}
