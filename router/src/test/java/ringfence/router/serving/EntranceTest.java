package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;
import ringfence.router.dispatch.DispatchLimits;

/// Short requests and long ones come in on different threads; nobody may notice. Over real gRPC.
@Timeout(60)
class EntranceTest {
  private static final int SHORT = 10;
  private static final int LONG = 100_000;
  private final FakeNode node = new FakeNode("node");
  private TestRouter router;
  private TestGateway gateway;

  @BeforeEach
  void start() throws Exception {
    Duration limit = Duration.ofSeconds(30);
    router = new TestRouter(limit, 64, new DispatchLimits(4, limit, Duration.ZERO, limit));
    gateway = new TestGateway(router.address());
    node.withContext(1 << 20).register(router.address());
  }

  @AfterEach
  void close() throws Exception {
    gateway.close();
    node.close();
    router.close();
  }

  private static RouteRequest.Builder asking(int letters) {
    return TestGateway.request()
        .setPrompt(
            Prompt.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .addParts(
                                    ContentPart.newBuilder().setText("a ".repeat(letters / 2))))));
  }

  @ParameterizedTest
  @ValueSource(ints = {SHORT, LONG})
  void theAnswerComesWhole(int letters) throws Exception {
    Reading reading = gateway.ask(asking(letters).build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(IntStream.range(0, 8).boxed().toList());
    assertThat(node.requests.poll(10, TimeUnit.SECONDS).getPrompt())
        .isEqualTo(asking(letters).getPrompt());
  }

  @ParameterizedTest
  @ValueSource(ints = {SHORT, LONG})
  void aSlowReaderGetsTheRestWhenItAsksForIt(int letters) throws Exception {
    node.doing(node.flooding(200, 1000));
    Reading reading = gateway.askSlowly(asking(letters).build());
    reading.request(3);
    reading.awaitEvents(3);
    reading.request(10_000);
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.tokensOf(0)).hasSize(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {SHORT, LONG})
  void aHangUpReachesTheNode(int letters) throws Exception {
    node.doing(node.stallingAfter(2));
    Reading reading = gateway.ask(asking(letters).setRequestId("left").build());
    reading.awaitTokens(2);
    reading.hangUp();
    assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).isEqualTo("cancelled left");
  }

  @ParameterizedTest
  @ValueSource(ints = {SHORT, LONG})
  void whatIsRefusedIsToldWhy(int letters) throws Exception {
    Reading reading = gateway.ask(asking(letters).setModel("another").build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.UNKNOWN_MODEL);
  }
}
