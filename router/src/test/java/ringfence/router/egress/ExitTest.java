package ringfence.router.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Label;
import ringfence.router.WireZones;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.ledger.Journal;
import ringfence.router.ledger.Ledger;
import ringfence.router.policy.Caller;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.Policy;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// What may pass the last door, and when.
class ExitTest {
  private static final ByteString BYTES = ByteString.copyFromUtf8("what is asked");
  private final MemoryDisk disk = new MemoryDisk();
  private final List<Clearance> left = new ArrayList<>();
  private final List<Failure> refused = new ArrayList<>();
  private Journal journal;
  private long now;

  @BeforeEach
  void open() throws IOException {
    journal = new Journal(disk);
  }

  private EgressGrant grant(Zone zone) {
    TargetView target =
        new TargetView("far", "i", zone, "127.0.0.1:1", false, 0, true, "n", Map.of());
    Policy policy = new Policy();
    return policy.grant(
        policy.classify(
            Label.newBuilder().setFarthestZone(WireZones.toWire(Zone.EXTERNAL)).build(),
            Caller.keyless("acme")),
        new Placed(target, "only", 0, 0, List.of()),
        "r1",
        "acme",
        "model",
        1,
        now);
  }

  private void depart(Exit exit, EgressGrant grant) {
    exit.depart(grant, "r1", 1, BYTES, left::add, refused::add);
  }

  private Exit exit(@Nullable Ledger ledger, boolean all) {
    return new Exit(ledger, all, () -> now, Runnable::run);
  }

  @Test
  void nothingLeavesTheSiteBeforeItsRecordIsDurable() throws Exception {
    for (Zone zone : List.of(Zone.DATACENTER, Zone.EXTERNAL)) {
      left.clear();
      Journal fresh = new Journal(new MemoryDisk());
      depart(exit(fresh.ledger, false), grant(zone));
      assertThat(left).isEmpty();
      fresh.commit();
      Clearance cleared = left.getFirst();
      assertThat(cleared.bytes()).isEqualTo(BYTES);
      assertThat(cleared.receipt()).isNotNull();
      assertThat(cleared.receipt().departure().getByteCount()).isEqualTo(BYTES.size());
      assertThat(fresh.ledger.find("r1", "acme")).hasSize(1);
    }
    assertThat(refused).isEmpty();
  }

  @Test
  void nothingLeavesTheSiteWithoutALedger() {
    depart(exit(null, false), grant(Zone.DATACENTER));
    assertThat(left).isEmpty();
    assertThat(refused.getFirst().getReason()).isEqualTo(Reason.LEDGER_UNAVAILABLE);
    assertThat(refused.getFirst().getMessage()).contains("ringfence.router.ledger.folder");
  }

  @Test
  void nothingLeavesTheSiteWhenTheDiskFails() {
    disk.failWith(call -> {
      throw new IOException("No space left on device");
    });
    depart(exit(journal.ledger, false), grant(Zone.EXTERNAL));
    journal.commit();
    assertThat(left).isEmpty();
    assertThat(refused.getFirst().getReason()).isEqualTo(Reason.LEDGER_UNAVAILABLE);
  }

  /// Whenever the power is cut: what has left by then is in the ledger afterwards.
  @Test
  void whatHasLeftIsRecordedAtAnyCut() {
    Random random = new Random(7);
    disk.watch(cut -> {
      if (!left.isEmpty()) {
        try {
          assertThat(new Journal(cut.afterPowerCut(random)).ledger.find("r1", "acme"))
              .hasSizeGreaterThanOrEqualTo(left.size());
        } catch (IOException damaged) {
          throw new AssertionError(damaged);
        }
      }
    });
    for (int i = 0; i < 20; i++) {
      depart(exit(journal.ledger, false), grant(Zone.EXTERNAL));
      journal.commit();
    }
    assertThat(left).hasSize(20);
  }

  @Test
  void insideTheSiteARecordIsMadeWhenAllIsRecorded() throws Exception {
    depart(exit(journal.ledger, false), grant(Zone.SITE));
    assertThat(left).hasSize(1);
    assertThat(journal.ledger.waiting()).isZero();
    depart(exit(journal.ledger, true), grant(Zone.DEVICE));
    assertThat(left).hasSize(1);
    journal.commit();
    assertThat(left).hasSize(2);
    assertThat(journal.ledger.find("r1", "acme")).hasSize(1);
  }

  @Test
  void aGrantThatExpiredWhileTheRecordWaitedIsNoGrant() {
    depart(exit(journal.ledger, false), grant(Zone.EXTERNAL));
    now += 3_600_000_000_000L;
    journal.commit();
    assertThat(left).isEmpty();
    assertThat(refused).hasSize(1);
  }

  @Test
  void aGrantIsForOneAttemptOfOneRequest() {
    Exit exit = exit(journal.ledger, false);
    EgressGrant grant = grant(Zone.SITE);
    assertThatThrownBy(() -> exit.depart(grant, "r2", 1, BYTES, left::add, refused::add))
        .isInstanceOf(EgressDeniedException.class);
    assertThatThrownBy(() -> exit.depart(grant, "r1", 2, BYTES, left::add, refused::add))
        .isInstanceOf(EgressDeniedException.class);
    assertThat(left).isEmpty();
  }
}
