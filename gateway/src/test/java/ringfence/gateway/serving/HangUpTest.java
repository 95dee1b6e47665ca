package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.http.TestHTTPResource;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.gateway.FakeRouter;
import ringfence.gateway.GatewayTest;
import ringfence.gateway.access.Access;

/// A client that leaves frees the node at once, whatever the request had come to.
@GatewayTest
class HangUpTest {
  private static final String CHAT = "/v1/chat/completions";

  @TestHTTPResource("/")
  URI base;

  @Inject Access access;
  FakeRouter router;

  @BeforeEach
  void fresh() {
    router.forget();
  }

  private HangingClient ask(String model, boolean stream) {
    return new HangingClient(
        base,
        CHAT,
        "{\"model\":\"%s\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"
            .formatted(model, stream));
  }

  private String seen() throws InterruptedException {
    FakeRouter.Seen seen = router.seen().poll(10, TimeUnit.SECONDS);
    assertThat(seen).isNotNull();
    return seen.request().getRequestId();
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "mute, true",
    "mute, false",
    "silent, true",
    "silent, false",
    "stuck, true",
    "stuck, false"
  })
  void cancelsTheCall(String model, boolean stream) throws InterruptedException {
    HangingClient client = ask(model, stream);
    String id = seen();
    if (stream && model.equals("stuck")) {
      client.readUntil("one");
    }
    client.hangUp();
    assertThat(router.cancelled().poll(10, TimeUnit.SECONDS)).isEqualTo(id);
    await(() -> access.gate().inFlight() == 0);
  }

  @Test
  void cancelsEveryCallOfSeveralPrompts() throws InterruptedException {
    var client =
        new HangingClient(
            base, "/v1/completions", "{\"model\":\"silent\",\"prompt\":[\"a\",\"b\",\"c\"]}");
    List<String> ids = List.of(seen(), seen(), seen());
    client.hangUp();
    for (int i = 0; i < 3; i++) {
      assertThat(router.cancelled().poll(10, TimeUnit.SECONDS)).isIn(ids);
    }
    await(() -> access.gate().inFlight() == 0);
  }

  @Test
  void forgetsARequestWhoseBodyNeverCame() {
    var client = HangingClient.withHalfABody(base, CHAT);
    client.hangUp();
    await(() -> access.gate().inFlight() == 0);
    assertThat(router.seen()).isEmpty();
  }

  @Test
  void twoHundredHangUpsLeaveNothingBehind() throws InterruptedException {
    int threads = Thread.activeCount();
    var clients = new ArrayList<HangingClient>();
    for (int i = 0; i < 200; i++) {
      clients.add(ask(List.of("stuck", "silent", "mute", "endless").get(i % 4), i % 3 != 0));
    }
    for (int i = 0; i < 200; i++) {
      seen();
    }
    clients.forEach(HangingClient::hangUp);
    for (int i = 0; i < 200; i++) {
      assertThat(router.cancelled().poll(10, TimeUnit.SECONDS)).isNotNull();
    }
    await(() -> router.open().isEmpty() && access.gate().inFlight() == 0);
    assertThat(Thread.activeCount()).isLessThan(threads + 50);
  }

  /// The router must have stopped sending long before the client's share of an endless answer fits
  /// nowhere.
  @Test
  void aClientThatDoesNotReadHoldsTheRouterUp() throws InterruptedException {
    HangingClient client = ask("endless", true);
    String id = seen();
    long[] before = {-1};
    long settled = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    int quiet = 0;
    while (quiet < 20) {
      assertThat(System.nanoTime()).isLessThan(settled);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      long sent = router.eventsSent();
      quiet = sent == before[0] ? quiet + 1 : 0;
      before[0] = sent;
    }
    assertThat(router.cancelled()).isEmpty();
    client.hangUp();
    assertThat(router.cancelled().poll(10, TimeUnit.SECONDS)).isEqualTo(id);
  }
}
