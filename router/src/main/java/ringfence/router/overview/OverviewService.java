package ringfence.router.overview;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CallerRequest;
import ringfence.proto.v1.CallerView;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.CreatedKey;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.DrainNodeResponse;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.InspectTextRequest;
import ringfence.proto.v1.Inspection;
import ringfence.proto.v1.KeyList;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.PolicyView;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RevokeKeyRequest;
import ringfence.proto.v1.RevokedKey;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.router.Alarms;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.Caller;
import ringfence.router.policy.Identity;
import ringfence.router.policy.Inspected;
import ringfence.router.policy.Policy;
import ringfence.router.routing.TargetView;
import ringfence.tls.MethodRules;
import ringfence.tls.Role;

/// What a gateway's page asks.
public final class OverviewService extends OverviewGrpc.OverviewImplBase {
  /// Who may call what.
  public static final MethodRules RULES =
      MethodRules.none()
          .and(
              Role.GATEWAY,
              "WhoAmI",
              "WatchFleet",
              "DrainNode",
              "DescribePolicy",
              "InspectText",
              "ListKeys",
              "CreateKey",
              "RevokeKey");

  private static final int MOST_WATCHES = 64;
  private static final int MOST_TEXT_BYTES = 256 * 1024;
  private static final int MOST_TARGETS = 512;

  /// What it shows.
  ///
  /// @param routerName told to callers
  /// @param policyProblem of the newest policy file
  public record Parts(
      String routerName,
      Policy policy,
      Supplier<@Nullable String> policyProblem,
      Fleet fleet,
      FleetViews fleetViews,
      PolicyViews policyViews,
      Timeline timeline,
      KeyDesk keys,
      Alarms alarms) {}

  private final Parts parts;
  private final AtomicInteger watches = new AtomicInteger();

  /// @param parts what it shows
  public OverviewService(Parts parts) {
    this.parts = parts;
  }

  private interface Answer<T> {
    @Nullable T to(Caller caller);
  }

  /// Answers who is known; `null` from `answer` means that it has answered itself.
  private <T> void answer(
      Credentials credentials, StreamObserver<T> response, boolean adminsOnly, Answer<T> answer) {
    switch (parts.policy.identify(credentials, "")) {
      case Identity.Refused(var failure) -> response.onError(Failures.toException(failure));
      case Caller caller -> {
        if (adminsOnly && !caller.admin()) {
          response.onError(
              Failures.toException(
                  Failures.of(Reason.PERMISSION_DENIED, "this call is for admin keys alone")));
          return;
        }
        T made = answer.to(caller);
        if (made != null) {
          response.onNext(made);
          response.onCompleted();
        }
      }
    }
  }

  @Override
  public void whoAmI(CallerRequest request, StreamObserver<CallerView> response) {
    answer(
        request.getCredentials(),
        response,
        false,
        caller ->
            CallerView.newBuilder()
                .setTenant(caller.tenant())
                .setKeyId(caller.keyId() == null ? "" : caller.keyId())
                .setAdmin(caller.admin())
                .setFarthestZone(
                    WireZones.toWire(
                        parts.policy.classify(request.getLabel(), caller).farthestZone()))
                .setKeyless(parts.policy.document().isKeyless())
                .setRouter(parts.routerName)
                .build());
  }

  @Override
  public void watchFleet(WatchFleetRequest request, StreamObserver<FleetView> response) {
    if (watches.incrementAndGet() > MOST_WATCHES) {
      watches.decrementAndGet();
      response.onError(
          Failures.toException(
              Failures.of(Reason.NO_CAPACITY, MOST_WATCHES + " readers watch the fleet already")));
      return;
    }
    new FleetWatch(
            request,
            (ServerCallStreamObserver<FleetView>) response,
            () -> parts.policy.identify(request.getCredentials(), ""),
            parts.fleetViews,
            parts.timeline,
            parts.alarms,
            watches::decrementAndGet)
        .start();
  }

  @Override
  public void drainNode(DrainNodeRequest request, StreamObserver<DrainNodeResponse> response) {
    answer(
        request.getCredentials(),
        response,
        true,
        caller -> {
          int moving = parts.fleet.attemptsOn(request.getNode());
          if (!parts.fleet.drain(request.getNode(), !request.getResume())) {
            response.onError(
                Failures.toException(
                    Failures.invalid("node", "no node of that name reports to this router")));
            return null;
          }
          return DrainNodeResponse.newBuilder().setMoving(request.getResume() ? 0 : moving).build();
        });
  }

  @Override
  public void describePolicy(CallerRequest request, StreamObserver<PolicyView> response) {
    answer(
        request.getCredentials(),
        response,
        false,
        caller -> parts.policyViews.view(caller, parts.policyProblem.get()));
  }

  @Override
  public void inspectText(InspectTextRequest request, StreamObserver<Inspection> response) {
    answer(
        request.getCredentials(),
        response,
        false,
        caller -> {
          int bytes = request.getTextBytes().size();
          if (bytes == 0 || bytes > MOST_TEXT_BYTES) {
            response.onError(
                Failures.toException(
                    Failures.invalid("text", "1 byte to " + MOST_TEXT_BYTES + " bytes expected")));
            return null;
          }
          return inspection(
              caller,
              parts.policy.inspect(request.getLabel(), caller, asQuestion(request.getText())));
        });
  }

  private static RouteRequest asQuestion(String text) {
    return RouteRequest.newBuilder()
        .setPrompt(
            Prompt.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .addParts(ContentPart.newBuilder().setText(text)))))
        .build();
  }

  private Inspection inspection(Caller caller, Inspected inspected) {
    Inspection.Builder inspection =
        Inspection.newBuilder()
            .setFarthestZone(WireZones.toWire(inspected.farthestZone()))
            .addAllReasons(inspected.reasons())
            .addAllFindings(PolicyViews.findings(inspected.findings()))
            .setComplete(inspected.complete());
    parts.fleet.targets().stream()
        .filter(target -> FleetViews.sees(caller, target))
        .limit(MOST_TARGETS)
        .forEach(target -> inspection.addTargets(reach(target, inspected)));
    return inspection.build();
  }

  private static Inspection.Reach reach(TargetView target, Inspected inspected) {
    return Inspection.Reach.newBuilder()
        .setTarget(target.name())
        .setZone(WireZones.toWire(target.zone()))
        .setAllowed(!target.zone().isFartherThan(inspected.farthestZone()))
        .setUpstream(target.isUpstream())
        .addAllModels(target.models().keySet().stream().sorted().limit(16).toList())
        .build();
  }

  @Override
  public void listKeys(CallerRequest request, StreamObserver<KeyList> response) {
    answer(
        request.getCredentials(),
        response,
        true,
        caller ->
            KeyList.newBuilder()
                .addAllKeys(parts.policyViews.keys())
                .setEditable(parts.keys.isEditable())
                .build());
  }

  @Override
  public void createKey(CreateKeyRequest request, StreamObserver<CreatedKey> response) {
    answer(
        request.getCredentials(),
        response,
        true,
        caller ->
            switch (parts.keys.create(request, caller)) {
              case KeyDesk.Outcome.Done(String key) -> CreatedKey.newBuilder().setKey(key).build();
              case KeyDesk.Outcome.Refused(var failure) -> {
                response.onError(Failures.toException(failure));
                yield null;
              }
            });
  }

  @Override
  public void revokeKey(RevokeKeyRequest request, StreamObserver<RevokedKey> response) {
    answer(
        request.getCredentials(),
        response,
        true,
        caller ->
            switch (parts.keys.revoke(request.getId(), caller)) {
              case KeyDesk.Outcome.Done _ -> RevokedKey.getDefaultInstance();
              case KeyDesk.Outcome.Refused(var failure) -> {
                response.onError(Failures.toException(failure));
                yield null;
              }
            });
  }
}
