package ringfence.router.egress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.router.Failures;
import ringfence.router.egress.openai.SseReader;
import ringfence.router.egress.openai.UpstreamAnswer;
import ringfence.router.egress.openai.UpstreamBrokenException;

/// An upstream's answer as it is read: bytes become events, which wait here until they are taken;
/// what broke it comes after them. For one thread at a time.
final class UpstreamReading {
  private final UpstreamAnswer answer;
  private final SseReader lines = new SseReader();
  private final Queue<GenerationEvent> events = new ArrayDeque<>();
  private @Nullable Failure broken;
  private long firstNanos;
  private long lastNanos;
  private long pieces;

  UpstreamReading(UpstreamAnswer answer) {
    this.answer = answer;
  }

  void took(List<ByteBuffer> bytes, long nowNanos) {
    if (broken != null) {
      return;
    }
    try {
      for (ByteBuffer part : bytes) {
        for (String event : lines.take(part)) {
          add(answer.take(event), nowNanos);
        }
      }
    } catch (UpstreamBrokenException told) {
      broken = told.failure();
    } catch (IOException tooLarge) {
      broken = Failures.of(Reason.TARGET_LOST, "the upstream sent too large an event");
    }
  }

  private void add(List<GenerationEvent> more, long nowNanos) {
    for (GenerationEvent event : more) {
      if (event.hasToken()) {
        lastNanos = nowNanos;
        if (pieces == 0) {
          firstNanos = lastNanos;
        }
        pieces += Math.max(1, event.getToken().getStandsFor());
      }
      events.add(event);
    }
  }

  /// No more bytes will come.
  ///
  /// @param cut the connection broke
  void bodyEnded(boolean cut, long nowNanos) {
    try {
      if (cut) {
        broken = Failures.of(Reason.TARGET_LOST, "the upstream's connection broke in mid-answer");
      } else {
        add(answer.end(), nowNanos);
      }
    } catch (UpstreamBrokenException early) {
      broken = early.failure();
    }
  }

  boolean hasEvents() {
    return !events.isEmpty();
  }

  GenerationEvent next() {
    return events.remove();
  }

  /// What is left of it is not wanted.
  void drop() {
    events.clear();
  }

  /// What ends the answer when all events that came before it were taken.
  @Nullable Failure broken() {
    return broken;
  }

  /// Tokens that it took beyond those that were estimated for the prompt, as the upstream counted
  /// them or, where it did not, as pieces came.
  long beyond(long promptTokens) {
    long counted = answer.usage().getPromptTokens() + (long) answer.usage().getAnswerTokens();
    return counted == 0 ? pieces : counted - promptTokens;
  }

  /// 0: there was none.
  double secondsToFirst(long sentNanos) {
    return pieces == 0 ? 0 : (firstNanos - sentNanos) / 1e9;
  }

  /// 0: it can't be told.
  double tokensPerSecond() {
    double decode = (lastNanos - firstNanos) / 1e9;
    return pieces > 1 && decode > 0 ? (pieces - 1) / decode : 0;
  }
}
