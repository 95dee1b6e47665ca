package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.ChoiceStart;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.MeasuredSpeed;
import ringfence.proto.v1.ModelLoad;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Token;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Speeds;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// A node that computes [Language] instead of a model, with a real node's rules: attempts fence
/// each other off, a broken stream frees its sequences, a resumed choice goes on from its tokens.
final class SimulatedNode extends Process {
  static final String MODEL = "m";
  private static final long REDIAL_NANOS = 200 * World.MILLIS;
  private static final long REPORT_NANOS = 500 * World.MILLIS;

  private final Simulation simulation;
  final Zone zone;
  final String digest;
  final String numerics;
  private final int maxSequences;
  private final long tokenNanos;
  private final long prefillNanos;

  /// An endpoint of others: it does not report, begins with its first piece of text, and can't go
  /// on with anything.
  final boolean isUpstream;

  long slowness = 1;
  private boolean draining;
  final Map<String, Running> running = new LinkedHashMap<>();
  private final Map<String, Integer> newest = new HashMap<>();

  SimulatedNode(
      Simulation simulation,
      String name,
      Zone zone,
      String digest,
      String numerics,
      int maxSequences,
      long tokenNanos,
      boolean isUpstream) {
    super(simulation.world, name);
    this.simulation = simulation;
    this.zone = zone;
    this.digest = digest;
    this.numerics = numerics;
    this.maxSequences = maxSequences;
    this.tokenNanos = tokenNanos;
    this.prefillNanos = 2 * tokenNanos;
    this.isUpstream = isUpstream;
  }

  void start() {
    if (isUpstream) {
      return;
    }
    for (SimulatedRouter router : simulation.routers) {
      dial(router);
    }
  }

  @Override
  void crash() {
    super.crash();
    running.clear();
    newest.clear();
    draining = false;
    slowness = 1;
  }

  void drain(boolean drain) {
    draining = drain;
  }

  private void dial(SimulatedRouter router) {
    if (!router.isAlive()) {
      after(REDIAL_NANOS, () -> dial(router));
      return;
    }
    Pipe.End end = router.accept(this);
    long[] number = {0};
    end.hears(
        command -> {
          switch (((RouterCommand) command).getCommandCase()) {
            case DRAIN -> drain(true);
            case RESUME -> drain(false);
            case REGISTERED, COMMAND_NOT_SET -> {}
          }
        },
        () -> after(REDIAL_NANOS, () -> dial(router)));
    end.send(
        NodeReport.newBuilder()
            .setSequenceNumber(++number[0])
            .setRegistration(registration())
            .build());
    report(end, number);
  }

  private void report(Pipe.End end, long[] number) {
    if (end.isClosed()) {
      return;
    }
    end.send(NodeReport.newBuilder().setSequenceNumber(++number[0]).setLoad(load()).build());
    after(REPORT_NANOS, () -> report(end, number));
  }

  private NodeRegistration registration() {
    return NodeRegistration.newBuilder()
        .setNode(name)
        .setIncarnation("life-" + life())
        .setZone(WireZones.toWire(zone))
        .setAddress(name + ":1")
        .setNumerics(numerics)
        .setDeterministic(true)
        .addModels(
            ServedModel.newBuilder()
                .setName(MODEL)
                .setDigest(digest)
                .setContextLength(1_000)
                .setKvTokens(4_000)
                .setMaxSequences(maxSequences)
                .addSpeeds(speed()))
        .build();
  }

  private MeasuredSpeed speed() {
    return MeasuredSpeed.newBuilder()
        .setBatchSize(1)
        .setDecodeTokensPerSecond(1e9 / tokenNanos)
        .setPrefillTokensPerSecond(1e10 / tokenNanos)
        .build();
  }

  private NodeLoad load() {
    int sequences = sequences();
    return NodeLoad.newBuilder()
        .setState(draining ? NodeState.NODE_STATE_DRAINING : NodeState.NODE_STATE_READY)
        .addModels(
            ModelLoad.newBuilder()
                .setModel(MODEL)
                .setRunningSequences(Math.min(sequences, maxSequences))
                .setWaitingSequences(Math.max(0, sequences - maxSequences)))
        .build();
  }

  private int sequences() {
    int sequences = 0;
    for (Running one : running.values()) {
      sequences += one.choices.size();
    }
    return sequences;
  }

  /// A call has arrived.
  void generate(GenerationRequest request, Pipe.End end) {
    simulation.whereabouts.bytesArrived(this, request);
    Failure refused = refusal(request);
    if (refused != null) {
      end.send(refused);
      return;
    }
    Running older = running.remove(request.getRequestId());
    if (older != null) {
      older.end.send(Failures.of(Reason.STALE_ATTEMPT, "a newer attempt"));
      older.over = true;
    }
    newest.put(request.getRequestId(), request.getAttempt());
    Running started = new Running(request, end);
    running.put(request.getRequestId(), started);
    end.hears(_ -> started.stop(), started::stop);
    if (!isUpstream) {
      after(0, started::begin);
    }
    after(prefillNanos * slowness, isUpstream ? started::begins : started::step);
  }

  /// As a target, where it is an upstream.
  TargetView view() {
    int most = maxSequences + 4;
    Speeds speeds = Speeds.of(List.of(new Speeds.Measured(1, 1e9 / tokenNanos, 1e10 / tokenNanos)));
    ModelView model = new ModelView(MODEL, digest, 1_000, 1_000, most, sequences(), 0, speeds);
    return new TargetView(
        name,
        "upstream",
        zone,
        "https://" + name,
        false,
        world.now(),
        false,
        "",
        Map.of(MODEL, model),
        null);
  }

  private Failure refusal(GenerationRequest request) {
    Integer seen = newest.get(request.getRequestId());
    if (seen != null && request.getAttempt() <= seen) {
      return Failures.of(Reason.STALE_ATTEMPT, "not newer");
    }
    if (draining) {
      return Failures.of(Reason.DRAINING, "draining");
    }
    if (!request.getModelDigest().isEmpty() && !request.getModelDigest().equals(digest)) {
      return Failures.of(Reason.RESUME_MISMATCH, "another file");
    }
    return sequences() + request.getChoicesCount() > maxSequences + 4
        ? Failures.of(Reason.NO_CAPACITY, "full")
        : null;
  }

  void cancel(CancelRequest request) {
    newest.merge(request.getRequestId(), request.getAttempt(), Math::max);
    Running one = running.get(request.getRequestId());
    if (one != null && one.attempt <= request.getAttempt()) {
      one.end.send(Failures.of(Reason.CANCELLED, "cancelled"));
      one.stop();
    }
  }

  /// One attempt that is being computed.
  final class Running {
    final String requestId;
    final int attempt;
    final Pipe.End end;
    private final int maxTokens;
    private final List<Choice> choices = new ArrayList<>();
    private boolean over;

    /// Since when nobody has wanted it; 0: somebody does.
    long unwantedSince;

    private Running(GenerationRequest request, Pipe.End end) {
      this.requestId = request.getRequestId();
      this.attempt = request.getAttempt();
      this.end = end;
      this.maxTokens = request.getStop().getMaxTokens();
      for (ChoiceStart start : request.getChoicesList()) {
        choices.add(new Choice(request, start));
      }
    }

    private void stop() {
      over = true;
      running.remove(requestId, this);
    }

    private void begins() {
      begin();
      step();
    }

    private void begin() {
      if (over) {
        return;
      }
      send(
          GenerationEvent.newBuilder()
              .setStarted(
                  Started.newBuilder()
                      .setPromptTokens(5)
                      .setModelDigest(digest)
                      .setNumerics(numerics)
                      .setDeterministic(!isUpstream)));
    }

    private void step() {
      if (over) {
        return;
      }
      for (Choice choice : List.copyOf(choices)) {
        if (choice.length >= maxTokens || Language.ends(choice.state)) {
          choices.remove(choice);
          send(
              GenerationEvent.newBuilder()
                  .setFinish(
                      Finish.newBuilder()
                          .setChoice(choice.index)
                          .setOffset(choice.length)
                          .setReason(FinishReason.FINISH_REASON_STOP)));
        } else {
          int token = Language.token(choice.state);
          send(
              GenerationEvent.newBuilder()
                  .setToken(
                      Token.newBuilder()
                          .setChoice(choice.index)
                          .setOffset(choice.length)
                          .setId(token)));
          choice.state = Language.next(choice.state, token);
          choice.length++;
        }
      }
      if (choices.isEmpty()) {
        send(GenerationEvent.newBuilder().setDone(Done.getDefaultInstance()));
        stop();
      } else {
        after(tokenNanos * slowness, this::step);
      }
    }

    private void send(GenerationEvent.Builder event) {
      end.send(event.setAttempt(attempt).build());
    }
  }

  private final class Choice {
    private final int index;
    private long state;
    private int length;

    Choice(GenerationRequest request, ChoiceStart start) {
      if (isUpstream && start.getAnswerTokenIdsCount() > 0) {
        world.violated(
            Violation.Rule.NothingLost,
            request.getRequestId() + " would begin anew in mid-answer at an upstream");
      }
      index = start.getIndex();
      state =
          Language.start(
              request.getPrompt().getText(),
              request.getSampling().getSeed(),
              index,
              digest + numerics);
      for (int token : start.getAnswerTokenIdsList()) {
        state = Language.next(state, token);
        length++;
      }
    }
  }
}
