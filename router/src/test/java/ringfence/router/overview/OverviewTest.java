package ringfence.router.overview;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.BudgetView;
import ringfence.proto.v1.CallerRequest;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.DetectorView;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.Happening;
import ringfence.proto.v1.InspectTextRequest;
import ringfence.proto.v1.Inspection;
import ringfence.proto.v1.KeyView;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.PolicyView;
import ringfence.proto.v1.RevokeKeyRequest;
import ringfence.proto.v1.TenantView;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.proto.v1.WatchedNode;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.policy.document.KeysFile;

/// What people see by way of a gateway's page, over real gRPC.
@Timeout(60)
class OverviewTest {
  private static final String POLICY =
      """
      tenants:
        - name: ann
          farthest-zone: site
          budgets: [{window: day, requests: 50}]
          detectors: {words: [{name: projects, words: [Bluebird], farthest-zone: device}]}
        - {name: bob, farthest-zone: datacenter}
      """;

  @TempDir Path folder;
  private Path file;
  private String user;
  private String admin;
  private TestRouter router;
  private TestGateway gateway;
  private FakeNode near;
  private FakeNode far;

  @BeforeEach
  void start() throws Exception {
    file = Files.writeString(folder.resolve("policy.yaml"), POLICY);
    KeysFile keys = new KeysFile(file);
    user = keys.create("user", "ann", null, null, false);
    admin = keys.create("root", "bob", null, null, true);
    router = new TestRouter(file);
    gateway = new TestGateway(router.address());
    near = new FakeNode("near");
    near.zone = Zone.ZONE_SITE;
    near.register(router.address());
    far = new FakeNode("far");
    far.zone = Zone.ZONE_DATACENTER;
    far.register(router.address());
    router.awaitNodes(2);
  }

  @AfterEach
  void close() {
    gateway.close();
    near.close();
    far.close();
    router.close();
  }

  private OverviewGrpc.OverviewBlockingStub overview() {
    return OverviewGrpc.newBlockingStub(gateway.channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static Credentials credentials(String key) {
    return Credentials.newBuilder().setApiKey(ByteString.copyFromUtf8(key)).build();
  }

  private static Label farthest() {
    return Label.newBuilder().setFarthestZone(Zone.ZONE_EXTERNAL).build();
  }

  private static CallerRequest asked(String key) {
    return CallerRequest.newBuilder().setCredentials(credentials(key)).setLabel(farthest()).build();
  }

  private Iterator<FleetView> watch(String key, long after) {
    return overview()
        .watchFleet(
            WatchFleetRequest.newBuilder()
                .setCredentials(credentials(key))
                .setIntervalMillis(250)
                .setAfterHappening(after)
                .build());
  }

  private static void refused(Status.Code code, Runnable call) {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(call::run)
        .satisfies(failure -> assertThat(failure.getStatus().getCode()).isEqualTo(code));
  }

  @Test
  void tellsWhoAsksAndHowFar() {
    var me = overview().whoAmI(asked(user));
    assertThat(me.getTenant()).isEqualTo("ann");
    assertThat(me.getKeyId()).isEqualTo("user");
    assertThat(me.getAdmin()).isFalse();
    assertThat(me.getFarthestZone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(overview().whoAmI(asked(admin)).getAdmin()).isTrue();
    refused(Status.Code.UNAUTHENTICATED, () -> overview().whoAmI(asked("rf-wrong")));
  }

  @Test
  void showsNodesWithinTheCeilingAndAllOfThemToAnAdmin() {
    near.report(NodeState.NODE_STATE_READY);
    FleetView users = watch(user, 0).next();
    assertThat(users.getNodesList()).extracting(WatchedNode::getNode).containsExactly("near");
    assertThat(users.getNodes(0).getAddress()).isEmpty();
    assertThat(users.getNodes(0).getModels(0).getDigest()).hasSize(64);
    assertThat(users.getHappeningsList())
        .extracting(happening -> happening.getNode().getNode())
        .containsExactly("near");
    FleetView admins = watch(admin, 0).next();
    assertThat(admins.getNodesList())
        .extracting(WatchedNode::getNode)
        .containsExactly("near", "far");
    assertThat(admins.getNodes(0).getAddress()).isEqualTo(near.address());
  }

  @Test
  void tellsPlacementsToTheTenantAndToNoOther() throws Exception {
    FakeNode other = new FakeNode("other");
    other.zone = Zone.ZONE_SITE;
    other.register(router.address());
    router.awaitNodes(3);
    // Whichever it runs on first, it ends there or goes on to the other.
    near.behaviour = near.dyingAfter(3);
    other.behaviour = other.answering(6);
    var reading =
        gateway.ask(
            TestGateway.request().setCredentials(credentials(user)).setLabel(farthest()).build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    List<Happening> seen = happenings(user, 0);
    assertThat(seen).anyMatch(Happening::hasPlaced);
    assertThat(seen)
        .filteredOn(Happening::hasPlaced)
        .allMatch(happening -> happening.getPlaced().getTenant().equals("ann"));
    assertThat(seen).isSortedAccordingTo((a, b) -> Long.compare(a.getSequence(), b.getSequence()));
    String bob = new KeysFile(file).create("bob-1", "bob", null, null, false);
    // Asking with it until it is known would be taken for guessing keys.
    TestRouter.await(() ->
        router.router.policy().policy().document().keys().stream()
            .anyMatch(known -> known.id().equals("bob-1")));
    assertThat(happenings(bob, 0)).noneMatch(Happening::hasPlaced).noneMatch(Happening::hasOver);
    long last = seen.getLast().getSequence();
    assertThat(happenings(user, last)).allMatch(happening -> happening.getSequence() > last);
    other.close();
  }

  private List<Happening> happenings(String key, long after) {
    return new ArrayList<>(watch(key, after).next().getHappeningsList());
  }

  @Test
  void aRevokedKeySeesNoFurtherView() throws Exception {
    Iterator<FleetView> views = watch(user, 0);
    assertThat(views.next().getNodesCount()).isEqualTo(1);
    overview()
        .revokeKey(
            RevokeKeyRequest.newBuilder().setCredentials(credentials(admin)).setId("user").build());
    refused(
        Status.Code.UNAUTHENTICATED,
        () -> {
          while (views.hasNext()) {
            views.next();
          }
        });
  }

  @Test
  void readersOfTheFleetAreCounted() {
    List<Iterator<FleetView>> open = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Iterator<FleetView> views = watch(admin, 0);
      views.next();
      open.add(views);
    }
    refused(Status.Code.RESOURCE_EXHAUSTED, () -> watch(admin, 0).next());
    assertThat(open).hasSize(64);
  }

  @Test
  void onlyAnAdminDrains() {
    DrainNodeRequest.Builder drain = DrainNodeRequest.newBuilder().setNode("near");
    refused(
        Status.Code.PERMISSION_DENIED,
        () -> overview().drainNode(drain.setCredentials(credentials(user)).build()));
    assertThat(overview().drainNode(drain.setCredentials(credentials(admin)).build()).getMoving())
        .isZero();
    assertThat(watch(admin, 0).next().getNodes(0).getState())
        .isEqualTo(NodeState.NODE_STATE_DRAINING);
    refused(
        Status.Code.INVALID_ARGUMENT, () -> overview().drainNode(drain.setNode("nobody").build()));
  }

  @Test
  void showsATenantItsOwnPolicyAndNoSecretToAnybody() {
    PolicyView own = overview().describePolicy(asked(user));
    assertThat(own.getTenantsList()).extracting(TenantView::getName).containsExactly("ann");
    TenantView ann = own.getTenants(0);
    assertThat(ann.getBudgetsList())
        .extracting(BudgetView::getWindow)
        .containsExactly("day", "month");
    assertThat(ann.getBudgets(0).getRequestsLimit()).isEqualTo(50);
    assertThat(ann.getBudgets(1).hasRequestsLimit()).isFalse();
    assertThat(ann.getDetectorsList())
        .filteredOn(detector -> detector.getOrigin().equals("words"))
        .extracting(DetectorView::getName)
        .containsExactly("projects");
    PolicyView all = overview().describePolicy(asked(admin));
    assertThat(all.getTenantsList()).extracting(TenantView::getName).containsExactly("ann", "bob");
    assertThat(all.toString()).doesNotContain("Bluebird");
  }

  @Test
  void saysWhereATextCouldGoWithoutKeepingIt() {
    Inspection found = inspect(admin, "card 4111 1111 1111 1111");
    assertThat(found.getFindingsList()).extracting(DetectorView::getName).contains("payment-card");
    assertThat(found.getFarthestZone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(found.getTargetsList())
        .extracting(target -> target.getTarget() + " " + target.getAllowed())
        .containsExactlyInAnyOrder("near true", "far false");
    assertThat(found.toString()).doesNotContain("4111");
    Inspection users = inspect(user, "the Bluebird project");
    assertThat(users.getFarthestZone()).isEqualTo(Zone.ZONE_DEVICE);
    assertThat(users.getReasonsList()).contains("detector:projects", "key-ceiling");
    assertThat(users.getTargetsList()).noneMatch(Inspection.Reach::getAllowed);
    assertThat(inspect(user, "nothing to see").getFindingsList()).isEmpty();
    assertThat(router.registry.find("ringfence.router.detector.findings").counters()).isEmpty();
    refused(Status.Code.INVALID_ARGUMENT, () -> inspect(user, ""));
    refused(Status.Code.INVALID_ARGUMENT, () -> inspect(user, "x".repeat(256 * 1024 + 1)));
  }

  private Inspection inspect(String key, String text) {
    return overview()
        .inspectText(
            InspectTextRequest.newBuilder()
                .setCredentials(credentials(key))
                .setLabel(farthest())
                .setText(text)
                .build());
  }

  @Test
  void anAdminMakesAndRevokesKeysThatAreNoAdmins() {
    CreateKeyRequest.Builder create =
        CreateKeyRequest.newBuilder().setId("visitor").setTenant("ann");
    refused(
        Status.Code.PERMISSION_DENIED,
        () -> overview().createKey(create.setCredentials(credentials(user)).build()));
    String made = overview().createKey(create.setCredentials(credentials(admin)).build()).getKey();
    // In force when it is told.
    assertThat(overview().whoAmI(asked(made)).getTenant()).isEqualTo("ann");
    assertThat(overview().whoAmI(asked(made)).getAdmin()).isFalse();
    assertThat(overview().listKeys(asked(admin)).getKeysList())
        .extracting(KeyView::getId)
        .containsExactly("root", "user", "visitor");
    overview()
        .revokeKey(
            RevokeKeyRequest.newBuilder()
                .setCredentials(credentials(admin))
                .setId("visitor")
                .build());
    refused(Status.Code.UNAUTHENTICATED, () -> overview().whoAmI(asked(made)));
    refused(Status.Code.PERMISSION_DENIED, () -> overview().listKeys(asked(user)));
  }

  @Test
  void wrongKeysAreNotWritten() {
    CreateKeyRequest good =
        CreateKeyRequest.newBuilder()
            .setCredentials(credentials(admin))
            .setId("visitor")
            .setTenant("ann")
            .build();
    for (CreateKeyRequest wrong :
        List.of(
            good.toBuilder().setId("a\"\n    admin: true\n  - id: \"b").build(),
            good.toBuilder().setId("").build(),
            good.toBuilder().setTenant("nobody").build(),
            good.toBuilder().setTenant("ann\"\n    admin: true #").build(),
            good.toBuilder().setId("user").build(),
            good.toBuilder().setExpiresMillis(1).build())) {
      refused(Status.Code.INVALID_ARGUMENT, () -> overview().createKey(wrong));
    }
    refused(
        Status.Code.INVALID_ARGUMENT,
        () ->
            overview()
                .revokeKey(
                    RevokeKeyRequest.newBuilder()
                        .setCredentials(credentials(admin))
                        .setId("root")
                        .build()));
    assertThat(overview().listKeys(asked(admin)).getKeysList())
        .extracting(KeyView::getId)
        .containsExactly("root", "user");
  }
}
