package ringfence.router.overview;

import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.WatchedModel;
import ringfence.proto.v1.WatchedNode;
import ringfence.proto.v1.WatchedUpstream;
import ringfence.router.WireZones;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.Caller;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.TargetView;

/// The fleet as a caller may see it: nodes within its ceiling, all of them for an admin.
public final class FleetViews {
  private static final int MOST_NODES = 512;
  private static final int MOST_MODELS = 16;

  private final String router;
  private final String incarnation = UUID.randomUUID().toString();
  private final Fleet fleet;
  private final InstantSource clock;
  private final IntSupplier inFlight;
  private final IntSupplier waiting;

  /// @param router its name
  /// @param inFlight requests
  /// @param waiting requests that have no room yet
  public FleetViews(
      String router, Fleet fleet, InstantSource clock, IntSupplier inFlight, IntSupplier waiting) {
    this.router = router;
    this.fleet = fleet;
    this.clock = clock;
    this.inFlight = inFlight;
    this.waiting = waiting;
  }

  /// As it is now, without what has happened.
  FleetView.Builder view(Caller caller) {
    List<Fleet.Described> nodes =
        fleet.describe().stream()
            .filter(node -> sees(caller, node.target()))
            .sorted(
                Comparator.comparing((Fleet.Described node) -> node.target().zone())
                    .thenComparing(node -> node.target().name()))
            .toList();
    FleetView.Builder view =
        FleetView.newBuilder()
            .setRouter(router)
            .setIncarnation(incarnation)
            .setTimeMillis(clock.millis())
            .setNodesLeftOut(Math.max(0, nodes.size() - MOST_NODES))
            .setRequestsInFlight(inFlight.getAsInt())
            .setRequestsWaiting(waiting.getAsInt());
    nodes.stream().limit(MOST_NODES).forEach(node -> view.addNodes(node(node, caller)));
    for (TargetView target : fleet.targets()) {
      if (target.isUpstream() && sees(caller, target)) {
        view.addUpstreams(upstream(target));
      }
    }
    return view;
  }

  /// Whether the caller may know of the target.
  static boolean sees(Caller caller, TargetView target) {
    return caller.admin() || !target.zone().isFartherThan(caller.ceiling());
  }

  private WatchedNode node(Fleet.Described node, Caller caller) {
    NodeRegistration registration = node.registration();
    NodeLoad load = node.load();
    WatchedNode.Builder watched =
        WatchedNode.newBuilder()
            .setNode(registration.getNode())
            .setZone(registration.getZone())
            .setState(
                node.state() == NodeState.NODE_STATE_READY && node.target().draining()
                    ? NodeState.NODE_STATE_DRAINING
                    : node.state())
            .setSilentMillis(node.silentNanos() / 1_000_000)
            .setIncarnation(registration.getIncarnation())
            .setBackend(registration.getBackend())
            .setVersion(registration.getVersion())
            .setAttemptsHere(fleet.attemptsOn(registration.getNode()));
    if (caller.admin()) {
      watched
          .setAddress(registration.getAddress())
          .setDevice(registration.getDevice())
          .setResidentBytes(load.getResidentBytes())
          .setMemoryTotalBytes(load.getMemoryTotalBytes())
          .setMemoryAvailableBytes(load.getMemoryAvailableBytes());
      if (load.hasTemperatureCelsius()) {
        watched.setTemperatureCelsius(load.getTemperatureCelsius());
      }
    }
    Map<String, ModelLoad> loads =
        load.getModelsList().stream()
            .collect(
                Collectors.toMap(ModelLoad::getModel, Function.identity(), (one, other) -> other));
    registration.getModelsList().stream()
        .limit(MOST_MODELS)
        .forEach(model ->
            watched.addModels(
                model(model, loads.getOrDefault(model.getName(), ModelLoad.getDefaultInstance()))));
    return watched.build();
  }

  private static WatchedModel model(ServedModel model, ModelLoad load) {
    boolean reported = !load.getModel().isEmpty();
    WatchedModel.Builder watched =
        WatchedModel.newBuilder()
            .setName(model.getName())
            .setDigest(model.getDigest())
            .setArchitecture(model.getArchitecture())
            .setContextLength(model.getContextLength())
            .setKvTokens(model.getKvTokens())
            .setFreeKvTokens(reported ? load.getFreeKvTokens() : model.getKvTokens())
            .setMaxSequences(model.getMaxSequences())
            .setRunningSequences(load.getRunningSequences())
            .setWaitingSequences(load.getWaitingSequences())
            .setWaitingPromptTokens(load.getWaitingPromptTokens())
            .setAnswerTokens(load.getAnswerTokens());
    List<MeasuredSpeed> speeds =
        load.getSpeedsCount() > 0 ? load.getSpeedsList() : model.getSpeedsList();
    int batch = Math.max(1, load.getRunningSequences());
    speeds.stream()
        .min(Comparator.comparingInt(speed -> Math.abs(speed.getBatchSize() - batch)))
        .ifPresent(speed ->
            watched
                .setDecodeTokensPerSecond(speed.getDecodeTokensPerSecond())
                .setPrefillTokensPerSecond(speed.getPrefillTokensPerSecond()));
    return watched.build();
  }

  private static WatchedUpstream upstream(TargetView target) {
    String unavailable = target.unavailable();
    return WatchedUpstream.newBuilder()
        .setName(target.name())
        .setZone(WireZones.toWire(target.zone()))
        .addAllModels(target.models().keySet().stream().sorted().limit(MOST_MODELS).toList())
        .setInFlight(
            target.models().values().stream().mapToInt(ModelView::sequences).max().orElse(0))
        .setUnavailable(unavailable == null ? "" : unavailable)
        .build();
  }
}
