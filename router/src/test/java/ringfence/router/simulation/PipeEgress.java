package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationRequest;
import ringfence.router.Failures;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.egress.Egress;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Zone;

/// A router's way out, with pipes where gRPC's channels would be.
final class PipeEgress implements Egress {
  private final Simulation simulation;
  private final SimulatedRouter router;
  private final @Nullable SimulatedLedger ledger;
  private final Set<Call> calls = new LinkedHashSet<>();

  PipeEgress(Simulation simulation, SimulatedRouter router, @Nullable SimulatedLedger ledger) {
    this.simulation = simulation;
    this.router = router;
    this.ledger = ledger;
  }

  /// Whether an attempt's call is open, and no two newer attempts of its request are.
  boolean hasOpen(String requestId, int attempt) {
    int newer = 0;
    boolean open = false;
    for (Call call : calls) {
      if (call.requestId.equals(requestId)) {
        newer += call.attempt > attempt ? 1 : 0;
        open |= call.attempt == attempt && !call.over;
      }
    }
    return open && newer <= 1;
  }

  /// Its process has died, and its calls with it.
  void crash() {
    calls.clear();
  }

  @Override
  public AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remaining, AttemptListener listener) {
    if (!grant.permits(request.getRequestId(), request.getAttempt(), simulation.world.now())) {
      throw new IllegalStateException(grant + " does not permit it");
    }
    if (grant.target().isUpstream() && request.getAttempt() > 1) {
      simulation.statistics.count("moved on to an upstream");
    }
    Call call = new Call(grant, request, listener);
    if (ledger == null) {
      call.leave();
    } else {
      ledger.depart(
          grant,
          request.getAttempt(),
          request.toByteString(),
          call::leave,
          failure -> call.ends(failure, true));
    }
    return call;
  }

  @Override
  public void abandon(EgressGrant grant) {
    if (grant.target().isUpstream()) {
      return;
    }
    SimulatedNode node = simulation.node(grant.target().name());
    Pipe pipe = new Pipe(simulation.network, router, World.SECONDS, node, World.SECONDS);
    pipe.right.hears(
        message -> {
          node.cancel((CancelRequest) message);
          pipe.right.close();
        },
        () -> {});
    pipe.left.send(
        CancelRequest.newBuilder()
            .setRequestId(grant.requestId())
            .setAttempt(grant.attempt())
            .build());
  }

  /// One attempt's call.
  private final class Call implements AttemptStream {
    private final String requestId;
    private final int attempt;
    private final AttemptListener listener;
    private final EgressGrant grant;
    private final GenerationRequest request;
    private Pipe.End end;
    private final List<Object> arrived = new ArrayList<>();
    private int wanted = EVENTS_AHEAD;
    boolean cancelled;
    boolean over;

    Call(EgressGrant grant, GenerationRequest request, AttemptListener listener) {
      this.requestId = request.getRequestId();
      this.attempt = request.getAttempt();
      this.listener = listener;
      this.grant = grant;
      this.request = request;
      calls.add(this);
    }

    /// What it sends is cleared.
    private void leave() {
      if (cancelled || over) {
        return;
      }
      simulation.whereabouts.bytesLeave(grant, request);
      if (ledger != null && grant.target().zone().ordinal() > Zone.SITE.ordinal()) {
        ledger.bytesLeave(grant);
      }
      SimulatedNode node = simulation.node(grant.target().name());
      Pipe pipe =
          new Pipe(
              simulation.network,
              router,
              SimulatedRouter.KEEP_ALIVE_NANOS,
              node,
              SimulatedRouter.NODE_KEEP_ALIVE_NANOS);
      end = pipe.left;
      pipe.right.hears(message -> node.generate((GenerationRequest) message, pipe.right), () -> {});
      end.hears(this::arrives, () -> ends(Failures.of(Failure.Reason.TARGET_LOST, "lost"), false));
      end.send(request);
      if (simulation.world.chance(simulation.duplicates)) {
        // Delivered twice: the node must not run it twice.
        end.send(request);
      }
    }

    private void arrives(Object message) {
      arrived.add(message);
      if (message instanceof GenerationEvent && simulation.world.chance(simulation.duplicates)) {
        arrived.add(message);
        simulation.statistics.count("duplicated");
      }
      deliver();
    }

    // What arrives after a cancel is still delivered, late: it is for the dispatch to fence it off.
    private void deliver() {
      while (!arrived.isEmpty()
          && (wanted > 0 || !(arrived.getFirst() instanceof GenerationEvent))) {
        switch (arrived.removeFirst()) {
          case GenerationEvent event -> {
            wanted--;
            if (cancelled) {
              simulation.statistics.count("late");
            }
            listener.event(event);
            if (event.hasDone()) {
              over = true;
              calls.remove(this);
            }
          }
          case Failure failure -> {
            ends(failure, true);
            return;
          }
          default -> throw new IllegalStateException();
        }
      }
    }

    private void ends(Failure failure, boolean fromTarget) {
      if (!over) {
        over = true;
        calls.remove(this);
        listener.failed(failure, fromTarget);
      }
    }

    @Override
    public void request(int count) {
      wanted += count;
      if (!arrived.isEmpty()) {
        router.after(0, this::deliver);
      }
    }

    @Override
    public void cancel() {
      if (!cancelled) {
        cancelled = true;
        calls.remove(this);
        Pipe.End sent = end;
        if (sent == null) {
          return;
        }
        if (simulation.world.chance(0.5)) {
          sent.close();
        } else {
          // The reset takes its time, and events that crossed it arrive.
          router.after(World.MILLIS, sent::close);
        }
      }
    }
  }
}
