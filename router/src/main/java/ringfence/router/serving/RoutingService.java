package ringfence.router.serving;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.DescribeFleetRequest;
import ringfence.proto.v1.DescribeFleetResponse;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.DrainNodeResponse;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.ListModelsResponse;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.dispatch.Dispatcher;
import ringfence.router.events.Outbox;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.Caller;
import ringfence.router.policy.Identity;
import ringfence.router.policy.budget.Reservation;
import ringfence.router.policy.budget.Spending;
import ringfence.router.policy.document.Tenant;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;
import ringfence.telemetry.TraceParent;
import ringfence.tls.MethodRules;
import ringfence.tls.Role;

/// What gateways ask for.
public final class RoutingService extends RoutingGrpc.RoutingImplBase {
  /// Who may call what.
  static final MethodRules RULES =
      MethodRules.none()
          .and(Role.GATEWAY, "Generate", "ListModels", "GetReceipt")
          .and(Role.OPERATOR, "DescribeFleet", "DrainNode");

  private static final Logger LOG = Logger.getLogger(RoutingService.class);

  /// Requests up to this size are dealt with by the thread that reads their connection, for a
  /// change of threads costs more than they do; longer ones would hold up the tokens of others.
  private static final int INLINE_BYTES = 8 * 1024;

  private final Dispatcher dispatcher;
  private final Admission admission;
  private final Receipts receipts;
  private final @Nullable Outbox outbox;
  private final RequestTraces traces;
  private final TenantMetrics tenants;
  private final Executor executor;
  private final RequestRules rules;
  private final Duration defaultDeadline;
  private final Duration maxDeadline;

  /// @param outbox null: there are no events
  /// @param executor where long requests are dealt with, and readers hear of an end that waited for
  ///   its event
  RoutingService(
      Dispatcher dispatcher,
      Admission admission,
      Receipts receipts,
      @Nullable Outbox outbox,
      RequestTraces traces,
      TenantMetrics tenants,
      Executor executor,
      RouterSettings settings) {
    this.dispatcher = dispatcher;
    this.admission = admission;
    this.receipts = receipts;
    this.outbox = outbox;
    this.traces = traces;
    this.tenants = tenants;
    this.executor = executor;
    this.rules = new RequestRules(settings.maxPromptBytes());
    this.defaultDeadline = settings.defaultDeadline();
    this.maxDeadline = settings.maxDeadline();
  }

  @Override
  public void generate(RouteRequest asked, StreamObserver<RouteEvent> events) {
    var call = (ServerCallStreamObserver<RouteEvent>) events;
    Entrance entrance = new Entrance();
    call.setOnCancelHandler(entrance::cancel);
    call.setOnReadyHandler(entrance::readerReady);
    if (asked.getSerializedSize() <= INLINE_BYTES) {
      generateOrFail(asked, call, entrance);
    } else {
      executor.execute(Context.current().wrap(() -> generateOrFail(asked, call, entrance)));
    }
  }

  private void generateOrFail(
      RouteRequest asked, ServerCallStreamObserver<RouteEvent> call, Entrance entrance) {
    try {
      generate(asked, call, entrance);
    } catch (RuntimeException broken) {
      // By type and place alone, for its text may hold content.
      LOG.errorf(
          "a request failed inside: %s at %s",
          broken.getClass().getName(),
          broken.getStackTrace().length > 0 ? broken.getStackTrace()[0] : "?");
      call.onError(
          Failures.toException(
              Failures.of(Reason.INTERNAL, "internal error in the router; its log names it")));
    }
  }

  private void generate(
      RouteRequest asked, ServerCallStreamObserver<RouteEvent> call, Entrance entrance) {
    switch (dispatcher.policy().identify(asked.getCredentials(), asked.getTenant())) {
      case Identity.Refused(Failure failure) -> refuse(asked, failure, call);
      case Caller caller ->
          generate(
              asked.toBuilder()
                  .setTenant(caller.tenant())
                  .setMaxWaitMillis(maxWaitMillis(asked, caller))
                  .clearCredentials()
                  .build(),
              caller,
              call,
              entrance);
    }
  }

  /// What the client asks for, or else its tenant's usual wait; 0: the router's.
  private long maxWaitMillis(RouteRequest asked, Caller caller) {
    Tenant tenant = dispatcher.policy().document().tenants().get(caller.tenant());
    return asked.getMaxWaitMillis() == 0 && tenant != null
        ? tenant.maxWait().toMillis()
        : asked.getMaxWaitMillis();
  }

  private void refuse(RouteRequest request, Failure failure, StreamObserver<RouteEvent> events) {
    dispatcher.observer().requestEnded(request.getRequestId(), failure.getReason());
    events.onError(Failures.toException(failure));
  }

  private void generate(
      RouteRequest request,
      Caller caller,
      ServerCallStreamObserver<RouteEvent> call,
      Entrance entrance) {
    Admission.Ticket ticket = new Admission.Ticket(request.getPrompt().getSerializedSize());
    Failure refused = rules.check(request);
    if (refused == null) {
      refused = outboxRefuses();
    }
    if (refused == null) {
      refused = admission.admit(ticket);
    }
    if (refused != null) {
      refuse(request, refused, call);
      return;
    }
    Spending spending;
    switch (dispatcher.policy().reserve(request, caller, contextLength(request.getModel()))) {
      case Reservation.Refused(Failure tooMuch) -> {
        admission.giveBack(ticket);
        refuse(request, tooMuch, call);
        return;
      }
      case Spending reserved -> spending = reserved;
    }
    AnswerReader gateway = new GatewayReader(call);
    Outbox kept = outbox;
    RecordedReader recorded =
        kept == null
            ? null
            : new RecordedReader(
                gateway,
                spending,
                kept,
                RecordedReader.facts(request, caller.keyId()),
                dispatcher.nanoClock(),
                executor);
    BudgetedReader reader =
        new BudgetedReader(recorded == null ? gateway : recorded, spending, executor);
    Dispatch dispatch =
        dispatcher.dispatch(
            request,
            dispatcher.policy().classify(request, caller, spending),
            remainingNanos(Context.current().getDeadline()),
            reader,
            () -> {
              tenants.booked(request.getTenant(), spending.end());
              if (recorded == null) {
                admission.giveBack(ticket);
              } else {
                // What is owed is bounded by the requests that hold a place.
                var _ = recorded.over().thenRun(() -> admission.giveBack(ticket));
              }
            });
    traces.begin(request.getRequestId(), request.getModel(), TraceParent.caller());
    reader.aborts(dispatch);
    ticket.holds(dispatch);
    entrance.enter(dispatch);
  }

  /// Usage that could not be kept is not to be made.
  private @Nullable Failure outboxRefuses() {
    String refusal = outbox == null ? null : outbox.refusal();
    return refusal == null
        ? null
        : Failures.of(Reason.NO_CAPACITY, refusal).toBuilder().setRetryAfterMillis(1_000).build();
  }

  private long contextLength(String model) {
    long longest = 0;
    for (TargetView target : dispatcher.fleet().targets()) {
      ModelView served = target.model(model);
      longest = served == null ? longest : Math.max(longest, served.contextLength());
    }
    return longest;
  }

  private long remainingNanos(@Nullable Deadline deadline) {
    if (deadline == null) {
      return defaultDeadline.toNanos();
    }
    return Math.min(deadline.timeRemaining(TimeUnit.NANOSECONDS), maxDeadline.toNanos());
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> response) {
    switch (dispatcher.policy().identify(request.getCredentials(), "")) {
      case Identity.Refused(Failure failure) -> response.onError(Failures.toException(failure));
      case Caller caller -> {
        response.onNext(
            models(dispatcher.policy().classify(request.getLabel(), caller).farthestZone()));
        response.onCompleted();
      }
    }
  }

  private ListModelsResponse models(Zone farthest) {
    TreeMap<String, ListModelsResponse.Model.Builder> models = new TreeMap<>();
    List<Fleet.Described> nodes =
        dispatcher.fleet().describe().stream()
            .filter(node -> node.state() == NodeState.NODE_STATE_READY)
            .filter(node -> !node.target().zone().isFartherThan(farthest))
            .sorted(Comparator.comparing(node -> node.target().zone()))
            .toList();
    for (Fleet.Described node : nodes) {
      for (ModelView model : node.target().models().values()) {
        ListModelsResponse.Model.Builder listed = list(models, node.target().zone(), model);
        listed.setNodes(listed.getNodes() + 1);
      }
    }
    for (TargetView upstream : dispatcher.fleet().upstreams()) {
      if (!upstream.zone().isFartherThan(farthest)) {
        upstream.models().values().forEach(model -> list(models, upstream.zone(), model));
      }
    }
    ListModelsResponse.Builder list = ListModelsResponse.newBuilder();
    models.values().forEach(list::addModels);
    return list.build();
  }

  /// @param models nearest first
  private ListModelsResponse.Model.Builder list(
      Map<String, ListModelsResponse.Model.Builder> models, Zone zone, ModelView model) {
    ListModelsResponse.Model.Builder listed =
        models.computeIfAbsent(
            model.name(),
            name ->
                ListModelsResponse.Model.newBuilder()
                    .setName(name)
                    .setNearestZone(WireZones.toWire(zone))
                    .setLoadedAtEpochSeconds(dispatcher.fleet().modelSince(name)));
    if (WireZones.toWire(zone).getNumber() < listed.getNearestZoneValue()) {
      listed.setNearestZone(WireZones.toWire(zone));
    }
    return listed.setContextLength(Math.max(listed.getContextLength(), model.contextLength()));
  }

  @Override
  public void drainNode(DrainNodeRequest request, StreamObserver<DrainNodeResponse> response) {
    Failure refused = notAnAdmin(request.getCredentials());
    if (refused != null) {
      response.onError(Failures.toException(refused));
      return;
    }
    int moving = dispatcher.fleet().attemptsOn(request.getNode());
    if (!dispatcher.fleet().drain(request.getNode(), !request.getResume())) {
      response.onError(
          Failures.toException(
              Failures.invalid(
                  "node",
                  "no node of that name reports to this router; DescribeFleet lists those that"
                      + " do")));
      return;
    }
    response.onNext(
        DrainNodeResponse.newBuilder().setMoving(request.getResume() ? 0 : moving).build());
    response.onCompleted();
  }

  @Override
  public void describeFleet(
      DescribeFleetRequest request, StreamObserver<DescribeFleetResponse> response) {
    Failure refused = notAnAdmin(request.getCredentials());
    if (refused != null) {
      response.onError(Failures.toException(refused));
      return;
    }
    DescribeFleetResponse.Builder described = DescribeFleetResponse.newBuilder();
    for (Fleet.Described node : dispatcher.fleet().describe()) {
      described.addNodes(
          DescribeFleetResponse.NodeView.newBuilder()
              .setRegistration(node.registration())
              .setLoad(node.load())
              .setSilentMillis(TimeUnit.NANOSECONDS.toMillis(node.silentNanos()))
              .setState(node.state()));
    }
    response.onNext(described.build());
    response.onCompleted();
  }

  @Override
  public void getReceipt(GetReceiptRequest request, StreamObserver<Receipt> response) {
    switch (dispatcher.policy().identify(request.getCredentials(), request.getTenant())) {
      case Identity.Refused(Failure failure) -> response.onError(Failures.toException(failure));
      case Caller caller -> {
        switch (receipts.find(request.getRequestId(), caller.tenant())) {
          case Receipts.Answer.Found found -> {
            response.onNext(found.receipt());
            response.onCompleted();
          }
          case Receipts.Answer.Refused refused ->
              response.onError(Failures.toException(refused.failure()));
        }
      }
    }
  }

  private @Nullable Failure notAnAdmin(Credentials credentials) {
    return switch (dispatcher.policy().identify(credentials, "")) {
      case Identity.Refused(Failure failure) -> failure;
      case Caller caller ->
          caller.admin()
              ? null
              : Failures.of(Reason.PERMISSION_DENIED, "this call is for admin keys alone");
    };
  }
}
