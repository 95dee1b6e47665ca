package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.LedgerRecord;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Zone;
import ringfence.router.Failures;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.disk.FolderDisk;
import ringfence.router.ledger.ChainReader;
import ringfence.router.ledger.LedgerKeys;
import ringfence.router.ledger.LedgerSettings;

/// Departures and their receipts over real gRPC and a real folder.
@Timeout(60)
class ReceiptsTest {
  @TempDir private Path folder;

  private static RouteRequest farRequest() {
    return TestGateway.request()
        .setTenant("acme")
        .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_DATACENTER).addReasons("key"))
        .build();
  }

  private LedgerPlan plan() {
    return new LedgerPlan(Optional.of(folder.resolve("ledger")), false, LedgerSettings.STANDARD);
  }

  private static GetReceiptRequest receiptOf(String requestId, String tenant) {
    return GetReceiptRequest.newBuilder().setRequestId(requestId).setTenant(tenant).build();
  }

  @Test
  void whatLeavesTheSiteHasAReceiptForItsTenantAlone() throws Exception {
    try (TestRouter router = new TestRouter(plan());
        TestGateway gateway = new TestGateway(router.address());
        FakeNode far = new FakeNode("far").in(Zone.ZONE_DATACENTER).register(router.address())) {
      RouteRequest request = farRequest();
      assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
      GenerationRequest arrived = far.requests.poll(10, TimeUnit.SECONDS);
      Receipt receipt = gateway.blocking().getReceipt(receiptOf(request.getRequestId(), "acme"));
      LedgerRecord record = LedgerRecord.parseFrom(receipt.getRecords(0).getStored());
      assertThat(record.getDeparture().getTarget()).isEqualTo("far");
      assertThat(record.getDeparture().getZone()).isEqualTo(Zone.ZONE_DATACENTER);
      assertThat(record.getDeparture().getByteCount()).isEqualTo(arrived.getSerializedSize());
      assertThat(record.getDeparture().getLabel().getReasonsList()).contains("key");
      for (String tenant : new String[] {"other", ""}) {
        assertThatThrownBy(
                () -> gateway.blocking().getReceipt(receiptOf(request.getRequestId(), tenant)))
            .isInstanceOfSatisfying(
                StatusRuntimeException.class,
                refused -> {
                  assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
                  assertThat(refused.getTrailers().get(Failures.TRAILER).getReason())
                      .isEqualTo(Reason.UNKNOWN_REQUEST);
                });
      }
    }
    Path ledger = folder.resolve("ledger");
    for (String secret : new String[] {"hash.key", "sign.key"}) {
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(ledger.resolve(secret))))
          .isEqualTo("rw-------");
    }
    try (FolderDisk disk = FolderDisk.reading(ledger)) {
      ChainReader.Contents contents =
          ChainReader.check(
              disk, LedgerKeys.publicKey(Files.readString(ledger.resolve("sign.pub")), "sign.pub"));
      assertThat(contents.problems()).isEmpty();
      assertThat(contents.records()).isEqualTo(1);
      assertThat(contents.head().getSequence()).isEqualTo(1);
    }
  }

  @Test
  void withoutALedgerNothingLeavesTheSiteAndTheSiteIsServed() throws Exception {
    try (TestRouter router = new TestRouter();
        TestGateway gateway = new TestGateway(router.address());
        FakeNode far = new FakeNode("far").in(Zone.ZONE_DATACENTER).register(router.address())) {
      Failure failure = gateway.ask(farRequest()).failure();
      assertThat(failure.getReason()).isEqualTo(Reason.LEDGER_UNAVAILABLE);
      assertThat(far.requests).isEmpty();
      try (FakeNode near = new FakeNode("near").register(router.address())) {
        assertThat(gateway.ask(farRequest()).code()).isEqualTo(Status.Code.OK);
        assertThat(near.requests).hasSize(1);
      }
    }
  }

  @Test
  void aFolderIsHeldByOneRouterOnly() {
    try (TestRouter _ = new TestRouter(plan())) {
      assertThatThrownBy(() -> new TestRouter(plan()))
          .hasMessageContaining("ringfence.router.ledger.folder")
          .hasMessageContaining("in use by another router");
    }
  }
}
