package ringfence.node.serving;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import ringfence.node.engine.EngineStats;
import ringfence.node.serving.NodeSettings.HostPort;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;

/// What the node says of itself.
final class NodeReports {
  private static final String VERSION = "0.1.0";

  private final NodeSettings settings;
  private final HostPort bound;
  private final Map<String, ServedModel> models;
  private final NodeStatus status;
  private final MachineState machine = new MachineState(Path.of("/"));
  private final String incarnation = UUID.randomUUID().toString();

  NodeReports(
      NodeSettings settings, HostPort bound, Map<String, ServedModel> models, NodeStatus status) {
    this.settings = settings;
    this.bound = bound;
    this.models = models;
    this.status = status;
  }

  NodeRegistration registration() {
    ServedModel first = models.values().iterator().next();
    NodeRegistration.Builder registration =
        NodeRegistration.newBuilder()
            .setNode(settings.name())
            .setIncarnation(incarnation)
            .setZone(settings.zone())
            .setAddress(settings.advertise().orElse(bound).toString())
            .setVersion(VERSION)
            .setBackend(first.backendName())
            .setDevice(first.backend().device())
            .setNumerics(first.backend().numerics())
            .setDeterministic(first.backend().deterministic());
    for (ServedModel model : models.values()) {
      ringfence.proto.v1.ServedModel.Builder served =
          ringfence.proto.v1.ServedModel.newBuilder()
              .setName(model.name())
              .setDigest(model.digest())
              .setArchitecture(model.architecture())
              .setContextLength(model.contextLength())
              .setKvTokens(model.backend().pages() * model.backend().pageTokens())
              .setKvPageTokens(model.backend().pageTokens())
              .setMaxSequences(settings.maxSequences());
      speeds(model.engine().stats()).forEach(served::addSpeeds);
      registration.addModels(served);
    }
    return registration.build();
  }

  NodeLoad load() {
    NodeLoad.Builder load =
        NodeLoad.newBuilder()
            .setState(
                status.isDraining() || hasStopped()
                    ? NodeState.NODE_STATE_DRAINING
                    : NodeState.NODE_STATE_READY)
            .setResidentBytes(residentBytes());
    machine.tell(load);
    for (ServedModel model : models.values()) {
      EngineStats stats = model.engine().stats();
      ModelLoad.Builder one =
          ModelLoad.newBuilder()
              .setModel(model.name())
              .setRunningSequences(stats.runningSequences())
              .setWaitingSequences(stats.waitingSequences())
              .setWaitingPromptTokens(stats.waitingPromptTokens())
              .setFreeKvTokens(stats.freeKvTokens())
              .setAnswerTokens(stats.totals().answerTokens());
      speeds(stats).forEach(one::addSpeeds);
      load.addModels(one);
    }
    return load.build();
  }

  /// An engine that gave its device up takes nothing more: the process has to be started again.
  private boolean hasStopped() {
    return models.values().stream().anyMatch(m -> !m.engine().isAlive());
  }

  private static List<MeasuredSpeed> speeds(EngineStats stats) {
    return stats.speeds().stream()
        .map(s ->
            MeasuredSpeed.newBuilder()
                .setBatchSize(s.batchSize())
                .setDecodeTokensPerSecond(s.decodeTokensPerSecond())
                .setPrefillTokensPerSecond(s.prefillTokensPerSecond())
                .build())
        .toList();
  }

  /// Resident memory of this process, or 0 where the system does not tell.
  static long residentBytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException e) {
      // No such file on this system.
    }
    return 0;
  }
}
