package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.List;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Token;
import ringfence.router.WireZones;
import ringfence.router.routing.Zone;

/// Who asks, and knows what the answer must be. It hears one unbroken answer or a clear end.
final class SimulatedClient extends Process {
  static final String COMPLETED = "completed";
  private static final long SLACK_NANOS = World.SECONDS;
  private static final long PATIENCE_NANOS = 10 * World.SECONDS;

  private final Simulation simulation;
  final String requestId;
  private final RouteRequest request;
  private final long deadlineNanos;

  /// What each choice may be: an answer of each arithmetic that nodes have, until tokens tell
  /// which.
  private final List<List<List<Integer>>> candidates = new ArrayList<>();

  private final int[] heard;
  private final boolean[] finished;
  private boolean slow;
  private Runnable whenRoom = () -> {};
  private Pipe.End call;
  String outcome = "";

  SimulatedClient(Simulation simulation, String requestId, Zone farthest, String tenant) {
    super(simulation.world, "client-" + requestId);
    this.simulation = simulation;
    this.requestId = requestId;
    int choices = world.chance(0.3) ? 1 + world.random.nextInt(3) : 1;
    int maxTokens = 1 + world.random.nextInt(40);
    long seed = world.random.nextLong();
    String prompt = "prompt " + world.random.nextInt(4);
    deadlineNanos = world.between(3 * World.SECONDS, 40 * World.SECONDS);
    request =
        RouteRequest.newBuilder()
            .setRequestId(requestId)
            .setTenant(tenant)
            .setLabel(Label.newBuilder().setFarthestZone(WireZones.toWire(farthest)))
            .setModel(SimulatedNode.MODEL)
            .setPrompt(Prompt.newBuilder().setText(prompt))
            .setSampling(SamplingOptions.newBuilder().setSeed(seed))
            .setHasSeed(true)
            .setStop(StopOptions.newBuilder().setMaxTokens(maxTokens))
            .setChoices(choices)
            .setMaxWaitMillis(world.chance(0.5) ? 0 : world.between(100, 8_000))
            .build();
    heard = new int[choices];
    finished = new boolean[choices];
    for (String arithmetic : simulation.arithmetics) {
      List<List<Integer>> answers = new ArrayList<>();
      for (int choice = 0; choice < choices; choice++) {
        answers.add(Language.answer(prompt, seed, choice, arithmetic, maxTokens));
      }
      candidates.add(answers);
    }
    simulation.whereabouts.allow(requestId, farthest);
  }

  void ask(SimulatedRouter router) {
    if (!router.isAlive()) {
      outcome = "refused";
      return;
    }
    Pipe pipe = new Pipe(simulation.network, this, PATIENCE_NANOS, router, PATIENCE_NANOS);
    call = pipe.left;
    long sent = world.now();
    pipe.right.hears(
        _ -> router.route(request, deadlineNanos - (world.now() - sent), pipe.right, this),
        () -> {});
    call.hears(this::hear, () -> end("broken"));
    call.send("ask");
    after(deadlineNanos, this::hangUp);
  }

  void hangUp() {
    if (outcome.isEmpty() && call != null) {
      call.send("cancel");
      call.close();
      end("left");
    }
  }

  /// Whether it reads.
  boolean takes() {
    return !slow;
  }

  void whenRoom(Runnable room) {
    whenRoom = room;
  }

  void lag(long nanos) {
    slow = true;
    after(
        nanos,
        () -> {
          slow = false;
          whenRoom.run();
        });
  }

  /// The router must have ended the request by its deadline.
  void expectEndBy(SimulatedRouter router, SimulatedRouter.Running one, long remainingNanos) {
    router.after(
        Math.max(0, remainingNanos) + SLACK_NANOS,
        () -> {
          if (!one.ended) {
            world.violated(
                Violation.Rule.EveryRequestEnds, requestId + " runs on after its deadline");
          }
        });
  }

  private void hear(Object message) {
    if (!outcome.isEmpty()) {
      world.violated(
          Violation.Rule.NothingTwice, requestId + " hears more after its end: " + outcome);
    }
    switch (message) {
      case RouteEvent event -> hear(event);
      case Failure failure -> {
        if (failure.getReason() == Failure.Reason.STALE_ATTEMPT) {
          world.violated(
              Violation.Rule.NothingLost, requestId + " is ended by an attempt of its own");
        }
        end(failure.getReason().name());
      }
      default -> complete();
    }
  }

  private void hear(RouteEvent event) {
    switch (event.getEventCase()) {
      case TOKEN -> token(event.getToken());
      case FINISH -> finish(event.getFinish());
      case PLACEMENT, BEGUN, DONE, EVENT_NOT_SET -> {}
    }
  }

  private void token(Token token) {
    int choice = token.getChoice();
    if (token.getOffset() < heard[choice]) {
      world.violated(
          Violation.Rule.NothingTwice,
          requestId + " choice " + choice + " hears offset " + token.getOffset() + " again");
    }
    if (token.getOffset() > heard[choice] || finished[choice]) {
      world.violated(
          Violation.Rule.NothingLost,
          requestId + " choice " + choice + " misses offset " + heard[choice]);
    }
    candidates.removeIf(answers ->
        answers.get(choice).size() <= token.getOffset()
            || answers.get(choice).get(token.getOffset()) != token.getId());
    if (candidates.isEmpty()) {
      world.violated(
          Violation.Rule.NothingLost,
          requestId + " choice " + choice + " goes on with another text at " + token.getOffset());
    }
    heard[choice]++;
  }

  private void finish(Finish finish) {
    int choice = finish.getChoice();
    if (finished[choice]) {
      world.violated(
          Violation.Rule.NothingTwice, requestId + " choice " + choice + " finishes again");
    }
    candidates.removeIf(answers -> answers.get(choice).size() != heard[choice]);
    if (candidates.isEmpty() || finish.getOffset() != heard[choice]) {
      world.violated(
          Violation.Rule.NothingLost, requestId + " choice " + choice + " finishes too early");
    }
    finished[choice] = true;
  }

  private void complete() {
    for (int choice = 0; choice < finished.length; choice++) {
      if (!finished[choice]) {
        world.violated(
            Violation.Rule.NothingLost, requestId + " is complete without choice " + choice);
      }
    }
    end("completed");
  }

  private void end(String how) {
    if (outcome.isEmpty()) {
      outcome = how;
      simulation.statistics.count("ended: " + how);
      if (call != null) {
        call.close();
      }
    }
  }
}
