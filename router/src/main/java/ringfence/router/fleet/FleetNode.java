package ringfence.router.fleet;

import java.util.HashMap;
import java.util.Map;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.ServedModel;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Speeds;
import ringfence.router.routing.TargetView;

/// One node: what it registered, what it last reported, and what this router has sent it. Guarded
/// by the fleet's lock.
final class FleetNode {
  final NodeStream stream;
  private final Map<String, Served> models = new HashMap<>();
  NodeRegistration registration;
  NodeLoad load = NodeLoad.newBuilder().setState(NodeState.NODE_STATE_READY).build();
  long heardNanos;
  TargetView view;

  /// An operator has asked this router to keep it empty.
  boolean drained;

  FleetNode(NodeStream stream, NodeRegistration registration, long nowNanos)
      throws RefusedReportException {
    this.stream = stream;
    this.registration = registration;
    this.heardNanos = nowNanos;
    adopt(registration);
    this.view = view();
  }

  /// A registration on the same stream: models or capacity have changed.
  void registerAgain(NodeRegistration newRegistration, long nowNanos)
      throws RefusedReportException {
    adopt(newRegistration);
    registration = newRegistration;
    heardNanos = nowNanos;
    view = view();
  }

  private void adopt(NodeRegistration newRegistration) {
    Map<String, Served> before = Map.copyOf(models);
    models.clear();
    for (ServedModel model : newRegistration.getModelsList()) {
      Served served = new Served(model);
      Served old = before.get(model.getName());
      if (old != null) {
        served.sent = old.sent;
        if (old.model.getDigest().equals(model.getDigest())) {
          served.learned = old.learned;
          served.corrected = served.learned.correct(served.speeds);
        }
      }
      models.put(model.getName(), served);
    }
  }

  void report(NodeLoad newLoad, long nowNanos) throws RefusedReportException {
    load = newLoad;
    heardNanos = nowNanos;
    for (ModelLoad model : newLoad.getModelsList()) {
      Served served = models.get(model.getModel());
      if (served != null) {
        served.running = model.getRunningSequences();
        served.sequences = model.getRunningSequences() + model.getWaitingSequences();
        served.waitingPromptTokens = model.getWaitingPromptTokens();
        if (model.getSpeedsCount() > 0) {
          served.speeds = Reports.speeds(model.getSpeedsList());
          served.corrected = served.learned.correct(served.speeds);
        }
        served.sent.reported();
      }
    }
    view = view();
  }

  private boolean isDraining() {
    return drained || load.getState() == NodeState.NODE_STATE_DRAINING;
  }

  /// What attempts have met here corrects what the node says of itself.
  void learned(String model, Observation observation) {
    Served served = models.get(model);
    if (served != null) {
      served.learned.add(observation, served.speeds, served.model.getMaxSequences());
      served.corrected = served.learned.correct(served.speeds);
      sentChanged();
    }
  }

  /// Sequences that run there, as far as is known.
  int batch(String model) {
    Served served = models.get(model);
    return served == null ? 1 : Math.clamp(served.running, 1, served.model.getMaxSequences());
  }

  int attempts() {
    return models.values().stream().mapToInt(served -> served.sent.attempts).sum();
  }

  Sent sent(String model) {
    Served served = models.get(model);
    return served == null ? new Sent() : served.sent;
  }

  void sentChanged() {
    Map<String, ModelView> views = views();
    view =
        new TargetView(
            view.name(),
            view.incarnation(),
            view.zone(),
            view.address(),
            isDraining(),
            view.heardNanos(),
            view.deterministic(),
            view.numerics(),
            views);
  }

  /// Of a node that is gone and may come back: it is known what it serves, and it takes nothing.
  TargetView lostView() {
    Map<String, ModelView> idle = HashMap.newHashMap(models.size());
    views().forEach((name, model) -> idle.put(name, model.withLoad(0, 0)));
    return new TargetView(
        view.name(),
        view.incarnation(),
        view.zone(),
        view.address(),
        false,
        heardNanos,
        view.deterministic(),
        view.numerics(),
        idle,
        "lost; it may come back");
  }

  private TargetView view() throws RefusedReportException {
    return new TargetView(
        registration.getNode(),
        registration.getIncarnation(),
        Reports.zone(registration.getZone()),
        registration.getAddress(),
        isDraining(),
        heardNanos,
        registration.getDeterministic(),
        registration.getNumerics(),
        views());
  }

  private Map<String, ModelView> views() {
    Map<String, ModelView> views = HashMap.newHashMap(models.size());
    models.forEach((name, served) -> views.put(name, served.view()));
    return views;
  }

  private static final class Served {
    final ServedModel model;
    Speeds speeds;
    Speeds corrected;
    LearnedSpeeds learned = new LearnedSpeeds();
    int running;
    int sequences;
    long waitingPromptTokens;
    Sent sent = new Sent();

    Served(ServedModel model) {
      this.model = model;
      this.speeds = Reports.speeds(model.getSpeedsList());
      this.corrected = speeds;
    }

    /// What the node reported and what has changed since; never less than what this router itself
    /// has there, so that a report that was made before an attempt arrived can't hide the attempt.
    ModelView view() {
      return new ModelView(
          model.getName(),
          model.getDigest(),
          model.getContextLength(),
          model.getKvTokens(),
          model.getMaxSequences(),
          Math.max(sent.sequences, sequences + sent.sequencesSinceReport),
          Math.max(sent.promptTokens, waitingPromptTokens + sent.promptTokensSinceReport),
          corrected);
    }
  }

  /// What this router has in flight on a model of a node.
  static final class Sent {
    int attempts;
    int sequences;
    long promptTokens;
    int sequencesSinceReport;
    long promptTokensSinceReport;

    void reported() {
      sequencesSinceReport = 0;
      promptTokensSinceReport = 0;
    }

    void begun(int moreSequences, long morePromptTokens) {
      attempts++;
      sequences += moreSequences;
      sequencesSinceReport += moreSequences;
      promptTokens += morePromptTokens;
      promptTokensSinceReport += morePromptTokens;
    }

    void prefilled(long tokens) {
      promptTokens -= tokens;
      promptTokensSinceReport = Math.max(0, promptTokensSinceReport - tokens);
    }

    void ended(int fewerSequences) {
      attempts--;
      sequences -= fewerSequences;
      sequencesSinceReport -= fewerSequences;
    }
  }
}
