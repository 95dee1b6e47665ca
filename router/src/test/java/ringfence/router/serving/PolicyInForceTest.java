package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.DescribeFleetRequest;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.policy.document.KeysFile;

/// A router with a policy file, over real gRPC.
@Timeout(60)
class PolicyInForceTest {
  @TempDir Path folder;
  private Path file;
  private KeysFile keys;
  private String user;
  private String admin;
  private TestRouter router;
  private TestGateway gateway;
  private FakeNode node;

  @BeforeEach
  void start() throws Exception {
    file = folder.resolve("policy.yaml");
    write("tenants: [{name: ann, farthest-zone: site}]\n");
    keys = new KeysFile(file);
    user = keys.create("user", "ann", null, null, false);
    admin = keys.create("admin", "ann", ringfence.router.routing.Zone.DEVICE, null, true);
    router = new TestRouter(file);
    gateway = new TestGateway(router.address());
    node = new FakeNode("one");
    node.zone = Zone.ZONE_SITE;
    node.register(router.address());
    router.awaitNodes(1);
  }

  @AfterEach
  void close() {
    gateway.close();
    node.close();
    router.close();
  }

  private void write(String text) throws IOException {
    Path fresh = Files.writeString(folder.resolve("fresh"), text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Credentials credentials(String key) {
    return Credentials.newBuilder().setApiKey(ByteString.copyFromUtf8(key)).build();
  }

  private static RouteRequest asked(String key, Zone zone) {
    return TestGateway.request()
        .setTenant("someone else")
        .setCredentials(credentials(key))
        .setLabel(Label.newBuilder().setFarthestZone(zone))
        .build();
  }

  private Failure.Reason outcome(String key, Zone zone) throws Exception {
    var reading = gateway.ask(asked(key, zone));
    return reading.code() == Status.Code.OK
        ? Failure.Reason.REASON_UNSPECIFIED
        : reading.failure().getReason();
  }

  @Test
  void theKeyDecidesWhoAsksAndHowFar() throws Exception {
    assertThat(outcome("", Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.UNAUTHENTICATED);
    assertThat(outcome("rf-wrong", Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.UNAUTHENTICATED);
    assertThat(outcome(admin, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.NO_TARGET_IN_ZONE);
    assertThat(outcome(user, Zone.ZONE_DEVICE)).isEqualTo(Failure.Reason.NO_TARGET_IN_ZONE);
    assertThat(node.requests).isEmpty();
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.REASON_UNSPECIFIED);
    GenerationRequest left = node.requests.take();
    assertThat(left.getLabel().getFarthestZone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(left.toByteString().toString(StandardCharsets.ISO_8859_1)).doesNotContain(user);
  }

  @Test
  void operatorsCallsWantAnAdminKey() throws Exception {
    assertThat(describe(admin)).isEqualTo(Status.Code.OK);
    assertThat(describe(user)).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(describe("")).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(drain(user)).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(drain("")).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(drain("rf-wrong")).isEqualTo(Status.Code.UNAUTHENTICATED);
    // Nobody has drained it: it gets the next request.
    assertThat(outcome(user, Zone.ZONE_SITE)).isEqualTo(Failure.Reason.REASON_UNSPECIFIED);
    assertThat(drain(admin)).isEqualTo(Status.Code.OK);
    var models =
        gateway
            .blocking()
            .listModels(
                ListModelsRequest.newBuilder()
                    .setCredentials(credentials(admin))
                    .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_EXTERNAL))
                    .build());
    // The only node is farther than this key's ceiling.
    assertThat(models.getModelsList()).isEmpty();
  }

  private Status.Code drain(String key) {
    try {
      var unused =
          gateway
              .blocking()
              .drainNode(
                  DrainNodeRequest.newBuilder()
                      .setNode("one")
                      .setCredentials(credentials(key))
                      .build());
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  private Status.Code describe(String key) {
    try {
      var unused =
          gateway
              .blocking()
              .describeFleet(
                  DescribeFleetRequest.newBuilder().setCredentials(credentials(key)).build());
      return Status.Code.OK;
    } catch (StatusRuntimeException refused) {
      return refused.getStatus().getCode();
    }
  }

  @Test
  void aChangeIsTakenUpAndAWrongOneIsNot() throws Exception {
    String before = router.router.policy().policy().document().version();
    write("tenants: [{name: ann, farthest-zone: moon}]\n");
    TestRouter.await(() -> router.router.policy().problem() != null);
    assertThat(router.router.policy().problem()).contains("tenants[0].farthest-zone");
    assertThat(router.registry.get("ringfence.router.policy.refused").gauge().value()).isOne();
    assertThat(router.router.policy().policy().document().version()).isEqualTo(before);
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.REASON_UNSPECIFIED);

    Files.delete(file);
    TestRouter.await(() -> router.router.policy().problem().contains("can't be read"));
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.REASON_UNSPECIFIED);

    write("tenants: [{name: ann, farthest-zone: device}]\n");
    TestRouter.await(() -> router.router.policy().problem() == null);
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.NO_TARGET_IN_ZONE);
  }

  @Test
  void aRevokedKeyIsRefusedWithoutARestart() throws Exception {
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.REASON_UNSPECIFIED);
    String before = router.router.policy().policy().document().version();
    keys.revoke("user", Instant.EPOCH);
    TestRouter.await(() -> !router.router.policy().policy().document().version().equals(before));
    assertThat(outcome(user, Zone.ZONE_EXTERNAL)).isEqualTo(Failure.Reason.UNAUTHENTICATED);
  }

  @Test
  void aWrongFileStopsTheStart() throws Exception {
    write("tenants: none\n");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TestRouter(file))
        .withMessageStartingWith("ringfence.router.policy-file: ")
        .withMessageContaining("tenants");
  }
}
