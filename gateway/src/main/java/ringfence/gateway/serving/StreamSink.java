package ringfence.gateway.serving;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.AnswerFormat;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Sse;
import ringfence.gateway.openai.Tally;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.Token;

/// An answer as server-sent events. Those that come in one turn of the event loop go out in one
/// write when it ends, each token as soon as nothing else of its stream has come with it. While the
/// client's connection is full nobody is asked for more, so that a slow reader holds up the node
/// and not this process' memory.
final class StreamSink implements AnswerSink {
  private final RoutingContext context;
  private final HttpServerResponse response;
  private final AnswerFormat format;
  private final long arrivedNanos;
  private final Context loop;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private final List<byte[]> written = new ArrayList<>();
  private boolean flushes;
  private final long heartbeatNanos;
  private final long heartbeatTimer;
  private long lastWriteNanos;
  private @Nullable Placement latest;
  private boolean opened;

  StreamSink(RoutingContext context, AnswerFormat format, long arrivedNanos, Duration heartbeat) {
    this.context = context;
    this.response = context.response();
    this.loop = context.vertx().getOrCreateContext();
    this.format = format;
    this.arrivedNanos = arrivedNanos;
    this.heartbeatNanos = heartbeat.toNanos();
    this.lastWriteNanos = System.nanoTime();
    this.heartbeatTimer =
        context.vertx().setPeriodic(Math.max(1, heartbeat.toMillis() / 2), timer -> beat());
  }

  /// Remembers where the request was placed: a long silence after it makes the head go out before
  /// the answer begins. Once the head has gone, a client that wants explanations is told in a
  /// comment, which all others skip.
  @Override
  public void placed(Placement placement) {
    latest = placement;
    if (opened && Arrival.of(context).explain()) {
      write(Sse.comment("ringfence-placement " + Reply.where(placement)));
    }
  }

  private void beat() {
    if (System.nanoTime() - lastWriteNanos < heartbeatNanos || response.closed()) {
      return;
    }
    if (!opened && latest != null) {
      open();
    }
    if (opened && !response.writeQueueFull()) {
      write(Sse.HEARTBEAT);
    }
  }

  @Override
  public void open() {
    if (opened) {
      return;
    }
    opened = true;
    response.setChunked(true);
    response.putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    response.putHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
    // Some proxies hold a response back until it is whole unless told otherwise.
    response.putHeader("X-Accel-Buffering", "no");
    Reply.placed(context, latest, arrivedNanos);
    response.drainHandler(drained -> drain());
    flushLater();
  }

  @Override
  public void begin(int choice, String echo) {
    write(format.begin(choice, echo));
  }

  @Override
  public void token(int choice, Token token) {
    write(format.token(choice, token));
  }

  @Override
  public void finish(int choice, Finish finish) {
    write(format.finish(choice, finish));
  }

  @Override
  public void complete(Tally tally) {
    write(format.usage(tally));
    write(AnswerFormat.DONE);
    end();
  }

  @Override
  public void fail(ApiError error) {
    if (!opened) {
      Reply.placed(context, latest, arrivedNanos);
      Reply.error(context, error);
      return;
    }
    write(Sse.error(error));
    end();
  }

  private void end() {
    if (!response.closed() && !response.ended()) {
      response.end(taken());
    }
  }

  @Override
  public void whenRoom(Runnable more) {
    waiting.add(more);
    if (!flushes) {
      drain();
    }
  }

  private void drain() {
    while (!waiting.isEmpty() && !(opened && response.writeQueueFull())) {
      waiting.remove().run();
    }
  }

  private void write(byte[] event) {
    if (event.length > 0) {
      lastWriteNanos = System.nanoTime();
      written.add(event);
      flushLater();
    }
  }

  private void flushLater() {
    if (!flushes) {
      flushes = true;
      loop.runOnContext(turned -> flush());
    }
  }

  private void flush() {
    flushes = false;
    if (response.closed() || response.ended()) {
      return;
    }
    if (!written.isEmpty()) {
      response.write(taken());
    } else if (!response.headWritten()) {
      response.writeHead();
    }
    drain();
  }

  private Buffer taken() {
    int length = 0;
    for (byte[] event : written) {
      length += event.length;
    }
    Buffer taken = Buffer.buffer(length);
    written.forEach(taken::appendBytes);
    written.clear();
    return taken;
  }

  @Override
  public void release() {
    context.vertx().cancelTimer(heartbeatTimer);
    waiting.clear();
  }
}
