package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.Happening;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.NodeStateEvent.Change;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestRouter;
import ringfence.router.disk.FolderDisk;
import ringfence.router.events.OutboxReader;
import ringfence.router.ledger.LedgerSettings;

/// What a whole router tells, on a real folder.
@Timeout(60)
class EventsTest {
  @TempDir private Path folder;

  private EventsPlan plan() {
    return new EventsPlan(Optional.of(folder.resolve("events")), EventsPlan.NONE.outbox(), null);
  }

  private List<Event> told() throws IOException {
    List<Event> all = new ArrayList<>();
    try (FolderDisk disk = FolderDisk.reading(folder.resolve("events"))) {
      OutboxReader reader = new OutboxReader(disk, 0, (_, _, _) -> {});
      List<Event> next = reader.next(100, Long.MAX_VALUE);
      while (!next.isEmpty()) {
        all.addAll(next);
        next = reader.next(100, Long.MAX_VALUE);
      }
    }
    return all;
  }

  @Test
  void usageIsThereWhenAnAnswerHasEnded() throws Exception {
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address());
        FakeNode node = new FakeNode("near").register(router.address())) {
      RouteRequest request = TestGateway.request().setTenant("acme").build();
      assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
      List<Event> usages = told().stream().filter(Event::hasUsage).toList();
      assertThat(usages).hasSize(1);
      var usage = usages.getFirst().getUsage();
      assertThat(usage.getRequestId()).isEqualTo(request.getRequestId());
      assertThat(usage.getTenant()).isEqualTo("acme");
      assertThat(usage.getModel()).isEqualTo(FakeNode.MODEL);
      assertThat(usage.getTarget()).isEqualTo("near");
      assertThat(usage.getZone()).isEqualTo(Zone.ZONE_SITE);
      assertThat(usage.getAnswerTokens()).isEqualTo(8);
      assertThat(usage.getPromptTokens()).isPositive();
      assertThat(usage.getBooked()).isTrue();
      assertThat(usage.getAttempts()).isEqualTo(1);
      assertThat(usage.getOutcome()).isEqualTo(Reason.REASON_UNSPECIFIED);
      assertThat(usage.getFirstTokenMicros()).isBetween(1L, usage.getDurationMicros());
      assertThat(node.requests).hasSize(1);
    }
    List<Event> all = told();
    assertThat(all.stream().filter(Event::hasPlacement))
        .singleElement()
        .matches(event -> event.getPlacement().getTarget().equals("near"))
        .matches(event -> !event.getPlacement().getDecidedBy().isEmpty());
    assertThat(all.stream().filter(Event::hasNodeState))
        .extracting(event -> event.getNodeState().getChange())
        .startsWith(Change.JOINED);
    assertThat(all.stream().filter(Event::hasEgress)).isEmpty();
  }

  private static FleetView firstView(TestGateway gateway, long after) {
    return OverviewGrpc.newBlockingStub(gateway.channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .watchFleet(WatchFleetRequest.newBuilder().setAfterHappening(after).build())
        .next();
  }

  @Test
  void aRouterThatIsStartedAgainStillTellsWhatHappenedBefore() throws Exception {
    RouteRequest request = TestGateway.request().setTenant("acme").build();
    FleetView before;
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address());
        FakeNode _ = new FakeNode("near").register(router.address())) {
      assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
      before = firstView(gateway, 0);
    }
    long last = before.getHappeningsList().getLast().getSequence();
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address())) {
      // Whoever has seen all that the first one told is told it again by the second, as its own.
      FleetView after = firstView(gateway, last);
      assertThat(after.getIncarnation()).isNotEmpty().isNotEqualTo(before.getIncarnation());
      assertThat(after.getRouter()).isEqualTo(before.getRouter()).isEqualTo("test");
      assertThat(after.getHappeningsList()).allMatch(told -> told.getSequence() > last);
      assertThat(after.getHappeningsList())
          .filteredOn(Happening::hasPlaced)
          .singleElement()
          .satisfies(told -> {
            Happening first =
                before.getHappeningsList().stream()
                    .filter(Happening::hasPlaced)
                    .findFirst()
                    .orElseThrow();
            assertThat(told.getPlaced()).isEqualTo(first.getPlaced());
            assertThat(told.getPlaced().getRequestId()).isEqualTo(request.getRequestId());
          });
      assertThat(after.getHappeningsList())
          .first()
          .matches(told -> told.getNode().getChange().equals("joined"));
      assertThat(
              firstView(gateway, after.getHappeningsList().getLast().getSequence())
                  .getHappeningsList())
          .isEmpty();
    }
  }

  @Test
  void aRequestThatNobodyCouldRunOwesUsageOfNothing() throws Exception {
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address())) {
      assertThat(gateway.ask(TestGateway.request().build()).code()).isNotEqualTo(Status.Code.OK);
    }
    assertThat(told().stream().filter(Event::hasUsage))
        .singleElement()
        .matches(event -> !event.getUsage().getBooked())
        .matches(event -> event.getUsage().getOutcome() != Reason.REASON_UNSPECIFIED)
        .matches(event -> event.getUsage().getAnswerTokens() == 0);
  }

  @Test
  void whoHangsUpHasUsedWhatWasSaid() throws Exception {
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address());
        FakeNode node = new FakeNode("near").register(router.address())) {
      node.doing(node.answering(100_000));
      TestGateway.Reading reading = gateway.ask(TestGateway.request().build());
      reading.awaitTokens(5);
      reading.hangUp();
      router.awaitInFlight(0);
      assertThat(told().stream().filter(Event::hasUsage))
          .singleElement()
          .matches(event -> event.getUsage().getBooked())
          .matches(event -> event.getUsage().getAnswerTokens() >= 5)
          .matches(event -> event.getUsage().getOutcome() == Reason.CANCELLED);
      assertThat(node.requests).hasSize(1);
    }
  }

  @Test
  void whatLeavesTheSiteIsTold() throws Exception {
    LedgerPlan ledger =
        new LedgerPlan(Optional.of(folder.resolve("ledger")), true, LedgerSettings.STANDARD);
    try (TestRouter router = new TestRouter(plan(), ledger, null);
        TestGateway gateway = new TestGateway(router.address());
        FakeNode near = new FakeNode("near").register(router.address())) {
      assertThat(gateway.ask(TestGateway.request().build()).code()).isEqualTo(Status.Code.OK);
      assertThat(near.requests).hasSize(1);
      near.close();
      router.awaitNodes(0);
      try (FakeNode far = new FakeNode("far").in(Zone.ZONE_DATACENTER).register(router.address())) {
        RouteRequest request =
            TestGateway.request()
                .setTenant("acme")
                .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_DATACENTER))
                .build();
        assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
        // What stays in the site is in the ledger, and no egress.
        var egress = told().stream().filter(Event::hasEgress).toList();
        assertThat(egress).hasSize(1);
        assertThat(egress.getFirst().getEgress().getRequestId()).isEqualTo(request.getRequestId());
        assertThat(egress.getFirst().getEgress().getTarget()).isEqualTo("far");
        assertThat(egress.getFirst().getEgress().getZone()).isEqualTo(Zone.ZONE_DATACENTER);
        assertThat(egress.getFirst().getEgress().getLedgerSequence()).isEqualTo(2);
        assertThat(egress.getFirst().getEgress().getByteCount())
            .isEqualTo(far.requests.element().getSerializedSize());
      }
    }
  }

  /// However many requests come under however many ids, there are as many series as before.
  @Test
  void noSeriesIsMadeByARequest() throws Exception {
    try (TestRouter router = new TestRouter(plan(), LedgerPlan.NONE, null);
        TestGateway gateway = new TestGateway(router.address());
        FakeNode node = new FakeNode("near").register(router.address())) {
      assertThat(gateway.ask(TestGateway.request().build()).code()).isEqualTo(Status.Code.OK);
      router.awaitInFlight(0);
      int before = router.registry.getMeters().size();
      List<String> ids = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        RouteRequest request = TestGateway.request().build();
        ids.add(request.getRequestId());
        assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
      }
      router.awaitInFlight(0);
      assertThat(router.registry.getMeters()).hasSize(before);
      assertThat(router.registry.getMeters())
          .noneMatch(meter ->
              meter.getId().getTags().stream().anyMatch(tag -> ids.contains(tag.getValue())));
      assertThat(node.requests).hasSize(21);
    }
  }
}
