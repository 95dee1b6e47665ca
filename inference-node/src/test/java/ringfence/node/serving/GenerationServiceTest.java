package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.KvType;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ChoiceStart;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.CountTokensRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.TokenIds;

/// The node's service over real gRPC, on a tiny model with random weights.
@Timeout(120)
class GenerationServiceTest {
  private static final String MODEL = "qwen3-tied-f32";

  private final NodeStatus status = new NodeStatus();
  private final Attempts attempts = new Attempts();
  private ServedModel served;
  private Server server;
  private ManagedChannel channel;
  private ExecutorService threads;

  @BeforeEach
  void start() throws Exception {
    served =
        ServedModel.open(
            Path.of(resource("/truth/tiny/" + MODEL + ".gguf")).toString(),
            new ServedModel.Options(
                BackendKind.REFERENCE,
                "",
                false,
                -1,
                KvType.F16,
                1,
                OptionalInt.empty(),
                64 << 20,
                130,
                4,
                256));
    threads = Executors.newFixedThreadPool(2);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .executor(threads)
            .addService(
                new GenerationService(
                    Map.of(
                        MODEL,
                        new MeteredModel(
                            served, new NodeMetrics(new SimpleMeterRegistry(), served))),
                    attempts,
                    status,
                    Duration.ofMinutes(1),
                    ringfence.telemetry.Telemetry.OFF))
            .build()
            .start();
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
            .usePlaintext()
            .flowControlWindow(65_536)
            .build();
  }

  @AfterEach
  void stop() throws InterruptedException {
    channel.shutdownNow();
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    threads.shutdownNow();
    served.close();
  }

  @Test
  void streamsStartedTokensFinishAndDoneInOrder() {
    List<GenerationEvent> events = generate(request("one").build());

    assertThat(events.getFirst().getStarted().getPromptTokens()).isEqualTo(5);
    assertThat(events.getFirst().getStarted().getModelDigest()).matches("[0-9a-f]{64}");
    assertThat(events.getLast().getDone().getUsage().getAnswerTokens()).isEqualTo(20);
    assertThat(events.get(events.size() - 2).getFinish().getOffset()).isEqualTo(20);
    List<Token> tokens = tokens(events, 0);
    for (int i = 0; i < tokens.size(); i++) {
      assertThat(tokens.get(i).getOffset()).isEqualTo(i);
    }
    assertThat(events).allMatch(e -> e.getAttempt() == 1);
  }

  @Test
  void goesOnFromAResumePointAsIfNothingHadHappened() {
    GenerationRequest.Builder whole = request("whole");
    whole.getSamplingBuilder().setTemperature(1.2f).setSeed(77).setFrequencyPenalty(0.4f);
    List<Token> expected = tokens(generate(whole.build()), 0);

    for (int cut : new int[] {1, 7, 19}) {
      GenerationRequest.Builder rest =
          whole.clone().setRequestId("cut" + cut).setAttempt(2).setModelDigest(served.digest());
      rest.getChoicesBuilder(0)
          .addAllAnswerTokenIds(expected.subList(0, cut).stream().map(Token::getId).toList());
      assertThat(tokens(generate(rest.build()), 0))
          .isEqualTo(expected.subList(cut, expected.size()));
    }
  }

  @Test
  void refusesToGoOnWithAnotherModelFile() {
    refused(
        request("digest").setModelDigest("00").build(),
        Status.Code.FAILED_PRECONDITION,
        Failure.Reason.RESUME_MISMATCH);
  }

  @Test
  void namesWhatIsWrongWithARequest() {
    refused(
        request("m").setModel("other").build(),
        Status.Code.NOT_FOUND,
        Failure.Reason.UNKNOWN_MODEL);
    refused(
        request("bad id!").build(), Status.Code.INVALID_ARGUMENT, Failure.Reason.INVALID_REQUEST);
    refused(
        request("a0").setAttempt(0).build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.INVALID_REQUEST);
    refused(
        request("p").clearPrompt().build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.INVALID_REQUEST);
    refused(
        request("n").clearChoices().build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.INVALID_REQUEST);
    refused(
        request("v").setPrompt(ids(1, 99_999)).build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.INVALID_REQUEST);
    refused(
        request("t").setSampling(SamplingOptions.newBuilder().setTemperature(Float.NaN)).build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.INVALID_REQUEST);
    int[] tooLong = new int[served.contextLength()];
    refused(
        request("l").setPrompt(ids(tooLong)).build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.CONTEXT_LENGTH_EXCEEDED);
    refused(
        request("c").setPrompt(chat("hi", "{")).build(),
        Status.Code.INVALID_ARGUMENT,
        Failure.Reason.TEMPLATE_FAILED);
  }

  @Test
  void refusesWhileDraining() {
    status.drainByOperator(true);
    refused(request("d").build(), Status.Code.UNAVAILABLE, Failure.Reason.DRAINING);
    status.drainByOperator(false);
    assertThat(generate(request("d2").build())).isNotEmpty();
  }

  @Test
  void aNewerAttemptEndsTheOlderOneAndALateOneIsRefused() throws Exception {
    Paused first = new Paused();
    GenerationGrpc.newStub(channel).generate(long128("r").build(), first);
    first.request(1);
    first.started.await();

    assertThat(generate(request("r").setAttempt(2).build())).isNotEmpty();
    first.request(1_000_000);
    assertThat(first.ended.get(30, TimeUnit.SECONDS))
        .isNotNull()
        .extracting(this::reason)
        .isEqualTo(Failure.Reason.STALE_ATTEMPT);
    refused(request("r").setAttempt(1).build(), Status.Code.ABORTED, Failure.Reason.STALE_ATTEMPT);
  }

  @Test
  void aClientThatHangsUpFreesItsSequencesAndPages() throws Exception {
    int free = served.engine().stats().freeKvTokens();
    List<Paused> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Paused client = new Paused();
      GenerationGrpc.newStub(channel).generate(long128("h" + i).build(), client);
      client.request(1);
      clients.add(client);
    }
    clients.getFirst().started.await();
    clients.forEach(c -> c.call().cancel("gone", null));

    eventually(() ->
        served.engine().stats().runningSequences() == 0
            && served.engine().stats().waitingSequences() == 0);
    eventually(() -> served.engine().stats().freeKvTokens() == free);
    eventually(() -> attempts.running() == 0);
  }

  @Test
  void theRoutersCancelEndsAnAttempt() throws Exception {
    Paused client = new Paused();
    GenerationGrpc.newStub(channel).generate(long128("c").build(), client);
    client.request(1);
    client.started.await();
    int cancelled =
        GenerationGrpc.newBlockingStub(channel)
            .cancel(CancelRequest.newBuilder().setRequestId("c").setAttempt(1).build())
            .getCancelledSequences();
    assertThat(cancelled).isEqualTo(1);
    client.request(1_000_000);
    assertThat(client.ended.get(30, TimeUnit.SECONDS))
        .extracting(this::reason)
        .isEqualTo(Failure.Reason.CANCELLED);
    eventually(() -> served.engine().stats().runningSequences() == 0);
  }

  @Test
  void aReaderThatDoesNotReadHoldsTheEngineBackInsteadOfFillingMemory() throws Exception {
    Paused client = new Paused();
    // 128 choices of up to 200 tokens with 20 log probabilities each: some 12 MB, if nothing held
    // it back.
    GenerationRequest.Builder request = long128("slow");
    request.setOutput(OutputOptions.newBuilder().setTopLogprobs(20));
    GenerationGrpc.newStub(channel).generate(request.build(), client);
    client.request(1);
    client.started.await();

    // It is held back once the engine computes a whole other answer and nothing else meanwhile.
    long before;
    long others = 0;
    long other;
    do {
      before = served.engine().stats().totals().answerTokens();
      List<GenerationEvent> events = generate(request("other-" + before).build());
      other = events.getLast().getDone().getUsage().getAnswerTokens();
      others += other;
    } while (before + other != served.engine().stats().totals().answerTokens());
    // gRPC's windows hold about 130 KB of some 450 bytes each, and one step's events more.
    assertThat(before + other - others).isPositive().isLessThan(2_000);

    client.request(10_000_000);
    assertThat(client.ended.get(60, TimeUnit.SECONDS)).isNull();
    assertThat(client.tokens).isEqualTo(128 * 200);
  }

  @Test
  void countsTokensWithoutComputing() {
    assertThat(
            GenerationGrpc.newBlockingStub(channel)
                .countTokens(
                    CountTokensRequest.newBuilder()
                        .setModel(MODEL)
                        .setPrompt(Prompt.newBuilder().setText("Hello, the thing!\n 12"))
                        .build())
                .getPromptTokens())
        .isEqualTo(14);
  }

  @Test
  void failuresHoldNoContent() {
    String secret = "xyzzy-4711";
    StatusRuntimeException e =
        refused(
            request("s").setPrompt(chat(secret, "{\"" + secret + "\": ")).build(),
            Status.Code.INVALID_ARGUMENT,
            Failure.Reason.TEMPLATE_FAILED);
    assertThat(e.getMessage() + e.getTrailers()).doesNotContain(secret);
  }

  private StatusRuntimeException refused(
      GenerationRequest request, Status.Code code, Failure.Reason reason) {
    List<StatusRuntimeException> thrown = new ArrayList<>();
    assertThatThrownBy(() -> generate(request))
        .isInstanceOfSatisfying(StatusRuntimeException.class, thrown::add);
    assertThat(thrown.getFirst().getStatus().getCode()).isEqualTo(code);
    assertThat(reason(thrown.getFirst())).isEqualTo(reason);
    return thrown.getFirst();
  }

  private Failure.Reason reason(Throwable failure) {
    Metadata trailers = Status.trailersFromThrowable(failure);
    Failure found = trailers == null ? null : trailers.get(Failures.TRAILER);
    return found == null ? Failure.Reason.REASON_UNSPECIFIED : found.getReason();
  }

  private List<GenerationEvent> generate(GenerationRequest request) {
    Iterator<GenerationEvent> events =
        GenerationGrpc.newBlockingStub(channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .generate(request);
    List<GenerationEvent> all = new ArrayList<>();
    events.forEachRemaining(all::add);
    return all;
  }

  private static List<Token> tokens(List<GenerationEvent> events, int choice) {
    return events.stream()
        .filter(GenerationEvent::hasToken)
        .map(GenerationEvent::getToken)
        .filter(t -> t.getChoice() == choice)
        .toList();
  }

  private static GenerationRequest.Builder request(String id) {
    return GenerationRequest.newBuilder()
        .setRequestId(id)
        .setAttempt(1)
        .setModel(MODEL)
        .setPrompt(ids(22, 67, 239, 41, 293))
        .setSampling(SamplingOptions.newBuilder().setTemperature(0))
        .setStop(StopOptions.newBuilder().setMaxTokens(20).setIgnoreEndOfSequence(true))
        .addChoices(ChoiceStart.newBuilder().setIndex(0));
  }

  private static GenerationRequest.Builder long128(String id) {
    GenerationRequest.Builder request = request(id).clearChoices();
    request.getStopBuilder().setMaxTokens(200);
    for (int i = 0; i < 128; i++) {
      request.addChoices(ChoiceStart.newBuilder().setIndex(i));
    }
    return request;
  }

  private static Prompt ids(int... ids) {
    TokenIds.Builder all = TokenIds.newBuilder();
    for (int id : ids) {
      all.addIds(id);
    }
    return Prompt.newBuilder().setTokenIds(all).build();
  }

  private static Prompt chat(String text, String templateArguments) {
    return Prompt.newBuilder()
        .setChat(
            Chat.newBuilder()
                .addMessages(
                    ChatMessage.newBuilder()
                        .setRole("user")
                        .addParts(ContentPart.newBuilder().setText(text)))
                .setTemplateArgumentsJson(templateArguments))
        .build();
  }

  private static java.net.URI resource(String name) throws URISyntaxException {
    return GenerationServiceTest.class.getResource(name).toURI();
  }

  private static void eventually(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("still not so after 20 s").isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  /// A client that reads only as many messages as it is told to.
  private static final class Paused
      implements ClientResponseObserver<GenerationRequest, GenerationEvent> {
    private final CountDownLatch started = new CountDownLatch(1);
    private final CompletableFuture<Throwable> ended = new CompletableFuture<>();
    private final CompletableFuture<ClientCallStreamObserver<GenerationRequest>> call =
        new CompletableFuture<>();
    private volatile int tokens;

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerationRequest> stream) {
      stream.disableAutoRequestWithInitial(0);
      call.complete(stream);
    }

    private ClientCallStreamObserver<GenerationRequest> call() {
      return call.join();
    }

    private void request(int messages) {
      call().request(messages);
    }

    @Override
    public void onNext(GenerationEvent event) {
      if (event.hasToken()) {
        tokens++;
      }
      started.countDown();
    }

    @Override
    public void onError(Throwable failure) {
      ended.complete(failure);
    }

    @Override
    public void onCompleted() {
      ended.complete(null);
    }
  }
}
