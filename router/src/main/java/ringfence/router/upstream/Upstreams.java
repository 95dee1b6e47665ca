package ringfence.router.upstream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.Upstream;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Speeds;
import ringfence.router.routing.TargetView;

/// The upstreams of the policy that is in force, as targets. What one is busy with outlives a
/// change of the policy.
public final class Upstreams {
  /// What a prompt's length adds to the time to the first token, in tokens a second; how long an
  /// upstream takes to begin is learned, and stands for prompts that wait.
  private static final double PREFILL = 10_000;

  /// For so long a view is as good as a new one while nothing that stands in it has changed: one
  /// request looks at all targets several times.
  private static final long SEEN_NANOS = 50_000_000;

  private final Supplier<Map<String, Upstream>> configured;
  private final LongSupplier nanoClock;
  private final UpstreamObserver observer;
  private final Map<String, UpstreamGate> gates = new ConcurrentHashMap<>();
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();

  /// @param configured by name, as the policy in force has them
  public Upstreams(
      Supplier<Map<String, Upstream>> configured,
      LongSupplier nanoClock,
      UpstreamObserver observer) {
    this.configured = configured;
    this.nanoClock = nanoClock;
    this.observer = observer;
  }

  /// All of them now.
  public List<TargetView> targets() {
    Map<String, Upstream> now = configured.get();
    if (now.isEmpty()) {
      return List.of();
    }
    long nanos = nanoClock.getAsLong();
    List<TargetView> views = new ArrayList<>(now.size());
    for (Upstream upstream : now.values()) {
      views.add(view(upstream, nanos));
    }
    return views;
  }

  /// What the policy says of a target; null: it is no upstream of the policy in force, or another
  /// one of that name.
  public @Nullable Upstream configured(TargetView target) {
    Upstream upstream = configured.get().get(target.name());
    return upstream != null
            && upstream.zone() == target.zone()
            && upstream.baseUrl().toString().equals(target.address())
        ? upstream
        : null;
  }

  /// What an upstream is busy with.
  public UpstreamGate gate(Upstream upstream) {
    UpstreamGate gate =
        gates.computeIfAbsent(
            upstream.name(), name -> new UpstreamGate(name, upstream.limits(), observer));
    gate.limit(upstream.limits());
    return gate;
  }

  /// Those that are to be asked whether they work again.
  public List<Upstream> due() {
    long nanos = nanoClock.getAsLong();
    return configured.get().values().stream().filter(one -> gate(one).probeDue(nanos)).toList();
  }

  /// An upstream as it was seen.
  private record Seen(Upstream upstream, UpstreamGate.State state, TargetView view) {}

  private TargetView view(Upstream upstream, long nanos) {
    UpstreamGate.State state = gate(upstream).state(nanos);
    Seen last = seen.get(upstream.name());
    if (last != null
        && last.upstream.equals(upstream)
        && last.state.equals(state)
        && nanos - last.view.heardNanos() < SEEN_NANOS) {
      return last.view;
    }
    TargetView view = view(upstream, state, nanos);
    seen.put(upstream.name(), new Seen(upstream, state, view));
    return view;
  }

  private static TargetView view(Upstream upstream, UpstreamGate.State state, long nanos) {
    int most = upstream.limits().maxInFlight();
    Speeds speeds = Speeds.each(state.tokensPerSecond(), most, PREFILL);
    Map<String, ModelView> models = HashMap.newHashMap(upstream.models().size());
    upstream
        .models()
        .forEach((name, model) ->
            models.put(
                name,
                new ModelView(
                    name,
                    origin(upstream, model),
                    model.contextLength(),
                    model.contextLength(),
                    most,
                    state.inFlight(),
                    (long) (state.firstSeconds() * PREFILL),
                    speeds)));
    return new TargetView(
        upstream.name(),
        "upstream",
        upstream.zone(),
        upstream.baseUrl().toString(),
        false,
        nanos,
        false,
        "",
        models,
        state.unavailable());
  }

  /// Which model of which upstream: stands where a node's digest of a model file does.
  public static String origin(Upstream upstream, Upstream.Model model) {
    return "upstream " + upstream.name() + " " + model.upstreamName();
  }
}
