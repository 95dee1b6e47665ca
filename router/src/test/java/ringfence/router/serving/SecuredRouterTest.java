package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.proto.v1.DescribeFleetRequest;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestFleet;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.fleet.FleetService;
import ringfence.router.overview.OverviewService;
import ringfence.tls.LinkSecurity;
import ringfence.tls.LoopbackPlaintext;
import ringfence.tls.Role;

/// A router, gateways and nodes with certificates, the right ones and others, over real gRPC.
@Timeout(60)
class SecuredRouterTest {
  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();
  private TestFleet fleet;
  private TestRouter router;
  private TestGateway gateway;
  private TestGateway operator;

  @BeforeEach
  void start() {
    fleet = keep(new TestFleet(folder));
    router = keep(new TestRouter(fleet.files("router/test"), null));
    gateway = keep(new TestGateway(router.address(), fleet.links("gateway/one")));
    operator = keep(new TestGateway(router.address(), fleet.links("operator/ann")));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable closing : open.reversed()) {
      closing.close();
    }
  }

  private <T extends AutoCloseable> T keep(T closing) {
    open.add(closing);
    return closing;
  }

  private FakeNode node(String name, String identity) {
    return keep(new FakeNode(name, fleet.links(identity)));
  }

  private static RouteRequest asked(Zone farthest) {
    return TestGateway.request()
        .setLabel(Label.newBuilder().setFarthestZone(farthest))
        .setMaxWaitMillis(300)
        .build();
  }

  private int nodes() {
    return operator
        .blocking()
        .describeFleet(DescribeFleetRequest.getDefaultInstance())
        .getNodesCount();
  }

  @Test
  void answersOverTls() throws Exception {
    FakeNode one = node("one", "node/site/one").register(router.address());
    var reading = gateway.ask(asked(Zone.ZONE_SITE));
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.nodes()).containsExactly("one");
    assertThat(one.requests).hasSize(1);
  }

  @Test
  void anAnswerGoesOnElsewhereWhenItsNodeIsRevokedInMidAnswer() throws Exception {
    Path revoked = Files.writeString(folder.resolve("revoked"), "# nobody yet\n");
    TestRouter watchful = keep(new TestRouter(fleet.files("router/test", revoked), null));
    TestGateway asks = keep(new TestGateway(watchful.address(), fleet.links("gateway/two")));
    FakeNode stolen = node("one", "node/site/one");
    stolen.doing(stolen.stallingAfter(3)).register(watchful.address());
    var reading = asks.ask(asked(Zone.ZONE_SITE));
    reading.awaitTokens(3);
    FakeNode other = node("two", "node/site/two").register(watchful.address());

    fleet.revoke("node/site/one", revoked);
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.nodes()).containsExactly("one", "two");
    assertThat(reading.offsetsOf(0)).isEqualTo(IntStream.range(0, 8).boxed().toList());
    assertThat(other.idsOf(other.requests.poll(5, TimeUnit.SECONDS), 0)).containsExactly(0, 1, 2);
    // Its report stream has ended too, and it gets nothing more.
    watchful.awaitNodes(1);
    var next = asks.ask(asked(Zone.ZONE_SITE));
    assertThat(next.code()).isEqualTo(Status.Code.OK);
    assertThat(next.nodes()).containsExactly("two");
    assertThat(stolen.requests).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "one, node/datacenter/one, registration.zone",
    "one, node/device/one, registration.zone",
    "one, node/site/two, registration.node"
  })
  void aNodeIsWhoItsCertificateSays(String name, String identity, String field) throws Exception {
    // It claims to stand at the site.
    FakeNode pretender = node(name, identity);
    try {
      pretender.register(router.address());
    } catch (IllegalStateException refused) {
      assertThat(refused).hasMessageContaining("not registered");
    }
    Failure failure = pretender.refusals.poll(10, TimeUnit.SECONDS);
    assertThat(failure.getReason()).isEqualTo(Failure.Reason.IDENTITY_MISMATCH);
    assertThat(failure.getParameter()).isEqualTo(field);
    assertThat(failure.getMessage()).contains(identity);
    assertThat(nodes()).isZero();
    assertThat(gateway.ask(asked(Zone.ZONE_DATACENTER)).code()).isNotEqualTo(Status.Code.OK);
    assertThat(pretender.requests).isEmpty();
  }

  @Test
  void aNodeCannotMoveToAnotherZoneLater() throws Exception {
    FakeNode one = node("one", "node/datacenter/one").in(Zone.ZONE_DATACENTER);
    one.register(router.address());
    assertThat(nodes()).isOne();
    one.in(Zone.ZONE_SITE).registerAgain();
    assertThat(one.refusals.poll(10, TimeUnit.SECONDS).getReason())
        .isEqualTo(Failure.Reason.IDENTITY_MISMATCH);
    router.awaitNodes(0);
    assertThat(gateway.ask(asked(Zone.ZONE_SITE)).code()).isNotEqualTo(Status.Code.OK);
    assertThat(one.requests).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway/one", "router/test", "operator/ann"})
  void onlyNodesRegister(String identity) throws Exception {
    FakeNode pretender = node("one", identity);
    try {
      pretender.register(router.address());
    } catch (IllegalStateException refused) {
      assertThat(refused).hasMessageContaining("not registered");
    }
    Failure failure = pretender.refusals.poll(10, TimeUnit.SECONDS);
    assertThat(failure.getReason()).isEqualTo(Failure.Reason.IDENTITY_MISMATCH);
    assertThat(failure.getMessage()).contains(identity, "Report is for node");
    assertThat(nodes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"node/site/one", "router/test", "operator/ann"})
  void onlyGatewaysAsk(String identity) throws Exception {
    FakeNode one = node("one", "node/site/one").register(router.address());
    try (TestGateway pretender = new TestGateway(router.address(), fleet.links(identity))) {
      var reading = pretender.ask(asked(Zone.ZONE_SITE));
      assertThat(reading.code()).isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(reading.failure().getReason()).isEqualTo(Failure.Reason.IDENTITY_MISMATCH);
      assertThat(
              code(() -> pretender.blocking().listModels(ListModelsRequest.getDefaultInstance())))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(
              code(() -> pretender.blocking().getReceipt(GetReceiptRequest.getDefaultInstance())))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
    }
    assertThat(one.requests).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway/one", "node/site/one", "router/test"})
  void onlyOperatorsDrain(String identity) throws Exception {
    var unused = node("one", "node/site/one").register(router.address());
    DrainNodeRequest drain = DrainNodeRequest.newBuilder().setNode("one").build();
    try (TestGateway pretender = new TestGateway(router.address(), fleet.links(identity))) {
      assertThat(code(() -> pretender.blocking().drainNode(drain)))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      assertThat(
              code(() ->
                  pretender.blocking().describeFleet(DescribeFleetRequest.getDefaultInstance())))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
    }
    assertThat(code(() -> operator.blocking().drainNode(drain))).isEqualTo(Status.Code.OK);
  }

  private static Status.Code code(Runnable call) {
    try {
      call.run();
      return Status.Code.OK;
    } catch (StatusRuntimeException failed) {
      return failed.getStatus().getCode();
    }
  }

  /// The grant was made for a node of the site; who listens at its address is another.
  @ParameterizedTest
  @ValueSource(
      strings = {"node/datacenter/far", "node/datacenter/one", "gateway/one", "router/two"})
  void aStolenAddressGetsNoPrompt(String there) throws Exception {
    FakeNode thief = node("far", there);
    FakeNode one = node("one", "node/site/one");
    one.address = thief.address();
    one.register(router.address());
    assertThat(gateway.ask(asked(Zone.ZONE_SITE)).code()).isNotEqualTo(Status.Code.OK);
    assertThat(thief.requests).isEmpty();

    // An honest node gets it instead.
    FakeNode honest = node("two", "node/site/two").register(router.address());
    var reading = gateway.ask(asked(Zone.ZONE_SITE));
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(honest.requests).hasSize(1);
    assertThat(thief.requests).isEmpty();
  }

  @Test
  void whoSpeaksPlaintextIsNotHeard() throws Exception {
    LinkSecurity plain = new LoopbackPlaintext("ringfence.test.tls");
    FakeNode one = node("one", "node/site/one").register(router.address());
    try (TestGateway bare = new TestGateway(router.address(), plain)) {
      assertThat(bare.ask(asked(Zone.ZONE_SITE)).code()).isEqualTo(Status.Code.UNAVAILABLE);
    }
    assertThat(one.requests).isEmpty();
    FakeNode bareNode = keep(new FakeNode("two", plain));
    try {
      bareNode.register(router.address());
    } catch (IllegalStateException refused) {
      assertThat(refused).hasMessageContaining("not registered");
    }
    assertThat(nodes()).isOne();
  }

  @Test
  void aRouterWithTlsSendsNothingToANodeWithout() throws Exception {
    FakeNode bare = keep(new FakeNode("bare"));
    FakeNode one = node("one", "node/site/one");
    one.address = bare.address();
    one.register(router.address());
    assertThat(gateway.ask(asked(Zone.ZONE_SITE)).code()).isNotEqualTo(Status.Code.OK);
    assertThat(bare.requests).isEmpty();
  }

  @Test
  void withoutTlsANodeIsOnThisMachine() throws Exception {
    try (TestRouter plain = new TestRouter();
        FakeNode one = new FakeNode("one")) {
      one.address = "192.0.2.7:7420";
      try {
        one.register(plain.address());
      } catch (IllegalStateException refused) {
        assertThat(refused).hasMessageContaining("not registered");
      }
      Failure failure = one.refusals.poll(10, TimeUnit.SECONDS);
      assertThat(failure.getParameter()).isEqualTo("registration.address");
      plain.awaitNodes(0);
    }
  }

  @Test
  void everyMethodHasARule() {
    RoutingGrpc.getServiceDescriptor()
        .getMethods()
        .forEach(method ->
            assertThat(RoutingService.RULES.of(String.valueOf(method.getBareMethodName())))
                .as(method.getFullMethodName())
                .hasSize(1)
                .isSubsetOf(Role.GATEWAY, Role.OPERATOR));
    FleetGrpc.getServiceDescriptor()
        .getMethods()
        .forEach(method ->
            assertThat(FleetService.RULES.of(String.valueOf(method.getBareMethodName())))
                .containsExactly(Role.NODE));
    OverviewGrpc.getServiceDescriptor()
        .getMethods()
        .forEach(method ->
            assertThat(OverviewService.RULES.of(String.valueOf(method.getBareMethodName())))
                .containsExactly(Role.GATEWAY));
  }
}
