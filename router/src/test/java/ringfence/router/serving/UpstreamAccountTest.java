package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static ringfence.router.FakeUpstream.finish;
import static ringfence.router.FakeUpstream.saying;
import static ringfence.router.FakeUpstream.text;
import static ringfence.router.FakeUpstream.usage;

import io.grpc.Status;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.LedgerRecord;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeUpstream;
import ringfence.router.TestGateway.Reading;
import ringfence.router.policy.budget.Spent;
import ringfence.router.policy.document.BudgetLimit.Window;

/// What is recorded, paid and limited of what upstreams get, over real HTTP.
@Timeout(120)
class UpstreamAccountTest extends UpstreamStage {
  @Test
  void aRecordIsThereBeforeTheFirstByteAndNamesTheUpstream() throws Exception {
    RouteRequest request = asked("hi").build();
    List<LedgerRecord> atArrival = new ArrayList<>();
    FakeUpstream.Behaviour usual = upstream.behaviour;
    upstream.behaviour =
        (asked, exchange) -> {
          var receipt =
              gateway
                  .blocking()
                  .getReceipt(
                      GetReceiptRequest.newBuilder()
                          .setRequestId(request.getRequestId())
                          .setCredentials(request.getCredentials())
                          .build());
          atArrival.add(LedgerRecord.parseFrom(receipt.getRecords(0).getStored()));
          usual.run(asked, exchange);
        };
    assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
    FakeUpstream.Asked left = upstream.asked.take();
    assertThat(atArrival).hasSize(1);
    assertThat(atArrival.getFirst().getDeparture().getTarget()).isEqualTo("partner");
    assertThat(atArrival.getFirst().getDeparture().getZone()).isEqualTo(Zone.ZONE_EXTERNAL);
    assertThat(atArrival.getFirst().getDeparture().getByteCount()).isEqualTo(left.body().length());
  }

  @Test
  void whatItCountsIsPaid() throws Exception {
    upstream.behaviour =
        saying(List.of(text("a long piece of text"), finish("stop"), usage(11, 3), "[DONE]"));
    assertThat(gateway.ask(asked("hi").build()).code()).isEqualTo(Status.Code.OK);
    router.awaitInFlight(0);
    Spent day = day();
    assertThat(day.amounts().tokens()).isEqualTo(14);
    assertThat(day.amounts().moneyNanos()).isEqualTo(11 * 1_000_000L + 3 * 2_000_000L);

    // 0.983 are left, and 1000 tokens of answer can cost 2: it is refused, and nothing leaves.
    upstream.asked.clear();
    Reading tooDear = gateway.ask(asked("hi").setStop(StopOptions.getDefaultInstance()).build());
    assertThat(tooDear.failure().getReason()).isEqualTo(Reason.INSUFFICIENT_QUOTA);
    assertThat(upstream.asked).isEmpty();
    assertThat(day()).isEqualTo(day);
  }

  @Test
  void noMoreThanItsLimitsAreInFlight() throws Exception {
    start("    limits: {max-in-flight: 1, requests-per-minute: 2}", Duration.ZERO);
    CountDownLatch goOn = new CountDownLatch(1);
    FakeUpstream.Behaviour usual = upstream.behaviour;
    upstream.behaviour =
        (asked, exchange) -> {
          goOn.await(20, TimeUnit.SECONDS);
          usual.run(asked, exchange);
        };
    Reading first = gateway.ask(asked("hi").build());
    upstream.asked.take();
    assertThat(gateway.ask(asked("hi").build()).failure().getMessage())
        .contains("as many requests in flight");
    Reading waiting = gateway.ask(asked("hi").setMaxWaitMillis(20_000).build());
    goOn.countDown();
    assertThat(first.code()).isEqualTo(Status.Code.OK);
    assertThat(waiting.code()).isEqualTo(Status.Code.OK);
    assertThat(gateway.ask(asked("hi").build()).failure().getMessage())
        .contains("requests of this minute");
    assertThat(upstream.asked).hasSize(1);
  }

  @Test
  void aKeyThatIsMissingSendsNothing() throws Exception {
    Files.delete(folder.resolve("partner.key"));
    Reading reading = gateway.ask(asked("hi").build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.INTERNAL);
    assertThat(upstream.asked).isEmpty();
  }

  private Spent day() {
    return router.router.policy().policy().budgets().spent().stream()
        .filter(spent -> spent.window() == Window.DAY)
        .findFirst()
        .orElseThrow();
  }
}
