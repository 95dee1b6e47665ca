package ringfence.router.egress;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.router.Alarms;
import ringfence.router.Failures;
import ringfence.router.egress.openai.UpstreamAnswer;
import ringfence.router.egress.openai.UpstreamRequest;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.document.Upstream;
import ringfence.router.upstream.UpstreamGate;
import ringfence.router.upstream.Upstreams;

/// Egress over HTTP to upstreams, through the [Exit]: the body that it cleared is the body that is
/// sent. It follows no redirect, because that would lead where nobody has granted anything.
public final class UpstreamEgress implements Egress, AutoCloseable {
  private static final Duration PROBE_LIMIT = Duration.ofSeconds(10);
  private static final int USUAL_BYTES_PER_TOKEN = 4;

  /// Each connection on which an answer is awaited holds a buffer, and an answer's events are a few
  /// hundred bytes: the usual 16 KiB would be most of what a thousand open answers hold. Read by
  /// the client's classes when the first client is made.
  private static final String BUFFER_PROPERTY = "jdk.httpclient.bufsize";

  private static final String BUFFER_BYTES = "4096";

  private final Exit exit;
  private final Upstreams upstreams;
  private final LongSupplier nanoClock;
  private final Alarms alarms;
  private final Executor executor;
  private final Map<Duration, HttpClient> clients = new ConcurrentHashMap<>();

  /// @param alarms on the clock that grants are made by
  /// @param executor where answers are read
  public UpstreamEgress(
      Exit exit, Upstreams upstreams, LongSupplier nanoClock, Alarms alarms, Executor executor) {
    if (System.getProperty(BUFFER_PROPERTY) == null) {
      System.setProperty(BUFFER_PROPERTY, BUFFER_BYTES);
    }
    this.exit = exit;
    this.upstreams = upstreams;
    this.nanoClock = nanoClock;
    this.alarms = alarms;
    this.executor = executor;
  }

  @Override
  public AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remainingNanos, AttemptListener listener) {
    Upstream upstream = upstreams.configured(grant.target());
    Upstream.Model model = upstream == null ? null : upstream.models().get(request.getModel());
    if (upstream == null || model == null) {
      return refused(
          listener, Failures.of(Reason.TARGET_LOST, "the policy has changed the upstream"));
    }
    UpstreamGate gate = upstreams.gate(upstream);
    long asked = nanoClock.getAsLong();
    long promptTokens = request.getPrompt().getSerializedSize() / USUAL_BYTES_PER_TOKEN + 1L;
    String full = gate.enter(promptTokens, asked);
    if (full != null) {
      return refused(listener, Failures.of(Reason.NO_CAPACITY, "the upstream " + full));
    }
    UpstreamAnswer answer =
        new UpstreamAnswer(
            request.getAttempt(),
            Upstreams.origin(upstream, model),
            !request.getPrompt().hasText(),
            request.getChoicesCount());
    UpstreamCall call =
        new UpstreamCall(
            listener, answer, gate, promptTokens, upstream.timeouts(), nanoClock, alarms, executor);
    boolean departs = false;
    try {
      exit.depart(
          grant,
          request.getRequestId(),
          request.getAttempt(),
          UpstreamRequest.body(request, model.upstreamName(), upstream.newTokensField()),
          cleared ->
              send(
                  call,
                  upstream,
                  UpstreamRequest.path(request.getPrompt()),
                  cleared,
                  remainingNanos - (nanoClock.getAsLong() - asked)),
          call::refuse);
      departs = true;
    } finally {
      if (!departs) {
        call.cancel();
      }
    }
    return call;
  }

  /// Nothing leaves. The listener hears it from another thread, as it expects.
  private AttemptStream refused(AttemptListener listener, Failure failure) {
    executor.execute(() -> listener.failed(failure, true));
    return new AttemptStream() {
      @Override
      public void request(int count) {}

      @Override
      public void cancel() {}
    };
  }

  private void send(
      UpstreamCall call, Upstream upstream, String path, Clearance cleared, long remainingNanos) {
    HttpRequest request;
    try {
      request =
          request(upstream, path)
              .header("Content-Type", "application/json")
              .header("Accept", "text/event-stream")
              .timeout(
                  Duration.ofNanos(
                      Math.clamp(
                          remainingNanos, 1_000_000, upstream.timeouts().firstByte().toNanos())))
              .POST(HttpRequest.BodyPublishers.ofByteArray(cleared.bytes().toByteArray()))
              .build();
    } catch (IOException unusable) {
      call.keyMissing(String.valueOf(unusable.getMessage()));
      return;
    }
    call.start(client(upstream), request);
  }

  private static HttpRequest.Builder request(Upstream upstream, String path) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            URI.create(upstream.baseUrl().toString().replaceAll("/+$", "") + path));
    @Nullable String key = UpstreamKey.read(upstream.key());
    if (key != null) {
      request.header("Authorization", "Bearer " + key);
    }
    return request;
  }

  private HttpClient client(Upstream upstream) {
    return clients.computeIfAbsent(
        upstream.timeouts().connect(),
        connect ->
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connect)
                .executor(executor)
                .build());
  }

  /// Asks those that have failed whether they work again: for the list of their models, which says
  /// nothing of any request.
  public void probe() {
    for (Upstream upstream : upstreams.due()) {
      UpstreamGate gate = upstreams.gate(upstream);
      try {
        HttpRequest request = request(upstream, "/models").timeout(PROBE_LIMIT).GET().build();
        var _ =
            client(upstream)
                .sendAsync(request, HttpResponse.BodyHandlers.discarding())
                .whenComplete((response, unreachable) -> {
                  if (response != null && isWell(response.statusCode())) {
                    gate.worked(0, 0);
                  }
                });
      } catch (IOException unusable) {
        gate.failed(String.valueOf(unusable.getMessage()), nanoClock.getAsLong());
      }
    }
  }

  /// Not all upstreams list their models.
  private static boolean isWell(int status) {
    return status < 500 && status != 401 && status != 403 && status != 429;
  }

  /// An upstream notices that its stream was closed; there is nothing else to tell it.
  @Override
  public void abandon(EgressGrant grant) {}

  @Override
  public void close() {
    clients.values().forEach(HttpClient::shutdownNow);
  }
}
