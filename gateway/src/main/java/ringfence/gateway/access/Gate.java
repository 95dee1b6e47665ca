package ringfence.gateway.access;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import ringfence.gateway.openai.ApiError;

/// How much may be under way at one time: requests, and the bytes of their bodies. There is no
/// queue behind it: the router has one.
public final class Gate {
  private static final long RETRY_MILLIS = 1000;

  private final int maxRequests;
  private final long maxBodyBytes;
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicLong bodyBytes = new AtomicLong();

  /// @param maxBodyBytes of all bodies together
  public Gate(int maxRequests, long maxBodyBytes) {
    this.maxRequests = maxRequests;
    this.maxBodyBytes = maxBodyBytes;
  }

  /// Lets `count` more requests in, all or none; throws [ApiError] with status 503.
  public Ticket enter(int count) {
    if (requests.addAndGet(count) > maxRequests) {
      requests.addAndGet(-count);
      throw ApiError.busy(
          "too_many_requests",
          "The gateway has too many requests under way. Try again.",
          RETRY_MILLIS);
    }
    return new Ticket(count);
  }

  /// Requests under way.
  public int inFlight() {
    return requests.get();
  }

  /// A request's share; safe from any thread, and its end counts once.
  public final class Ticket implements AutoCloseable {
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicLong held = new AtomicLong();
    private final int count;

    private Ticket(int count) {
      this.count = count;
    }

    /// Holds room for more bytes of the body; throws [ApiError] with status 503.
    public void hold(long bytes) {
      held.addAndGet(bytes);
      if (bodyBytes.addAndGet(bytes) > maxBodyBytes) {
        throw ApiError.busy(
            "too_many_requests",
            "The gateway holds too many large requests. Try again.",
            RETRY_MILLIS);
      }
    }

    /// The body was read and passed on.
    public void releaseBody() {
      bodyBytes.addAndGet(-held.getAndSet(0));
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        releaseBody();
        requests.addAndGet(-count);
      }
    }
  }
}
