package ringfence.router.egress;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/// The body of an upstream's refusal, as much of it as a code needs.
final class UpstreamRefusal implements HttpResponse.BodySubscriber<Optional<String>> {
  private static final int MOST_BYTES = 8 << 10;

  private final CompletableFuture<Optional<String>> read = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Flow.@Nullable Subscription subscription;

  @Override
  public CompletionStage<Optional<String>> getBody() {
    return read;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscribed) {
    subscription = subscribed;
    subscribed.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> parts) {
    for (ByteBuffer part : parts) {
      byte[] some = new byte[Math.min(part.remaining(), MOST_BYTES - bytes.size())];
      part.get(some);
      bytes.writeBytes(some);
    }
    Flow.Subscription more = subscription;
    if (more != null && bytes.size() < MOST_BYTES) {
      more.request(1);
    } else if (more != null) {
      more.cancel();
      finish();
    }
  }

  private void finish() {
    read.complete(Optional.of(bytes.toString(StandardCharsets.UTF_8)));
  }

  @Override
  public void onError(Throwable broken) {
    finish();
  }

  @Override
  public void onComplete() {
    finish();
  }
}
