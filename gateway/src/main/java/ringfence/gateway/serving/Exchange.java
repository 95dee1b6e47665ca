package ringfence.gateway.serving;

import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.AnswerFormat;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.openai.Tally;
import ringfence.gateway.routing.RouterCall;
import ringfence.proto.v1.Begun;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;

/// One answer to one HTTP request, from one call to the router for each prompt. Everything happens
/// on the request's event loop. It ends once: complete, failed, or left by the client, and then no
/// call is open.
final class Exchange {
  private static final Logger LOG = Logger.getLogger(Exchange.class);

  private final AnswerSink sink;
  private final AnswerFormat format;
  private final Observation observation;
  private final List<Branch> branches = new ArrayList<>();
  private Tally tally = Tally.NONE;
  private int unfinished;
  private boolean over;

  Exchange(AnswerSink sink, AnswerFormat format, Observation observation) {
    this.sink = sink;
    this.format = format;
    this.observation = observation;
  }

  /// Begins all calls; `caller` makes one for a request and a listener.
  void start(
      List<RouteRequest> requests,
      BiFunction<RouteRequest, Branch, RouterCall<RouteRequest, RouteEvent>> caller) {
    int base = 0;
    for (RouteRequest request : requests) {
      var branch = new Branch(request.getModel(), request.getChoices(), base);
      branch.call = caller.apply(request, branch);
      branches.add(branch);
      base += request.getChoices();
    }
    unfinished = branches.size();
    for (Branch branch : branches) {
      branch.call().start();
    }
  }

  /// The client has gone: stop the node.
  void abandon() {
    end();
  }

  private void fail(ApiError error) {
    if (over) {
      return;
    }
    if (error.status() >= 500) {
      observation.logged(
          () -> LOG.warnf("request %s failed: %s", observation.requestId(), error.code()));
    }
    observation.failed(error);
    end();
    sink.fail(error);
  }

  private void end() {
    if (over) {
      return;
    }
    over = true;
    for (Branch branch : branches) {
      branch.call().cancel();
    }
    sink.release();
  }

  /// One prompt's call; its choices have the client's indexes `base` and up.
  final class Branch implements RouterCall.Listener<RouteEvent> {
    private final String model;
    private final int choices;
    private final int base;
    private @Nullable RouterCall<RouteRequest, RouteEvent> call;
    private boolean begun;
    private int finished;
    private boolean done;

    private Branch(String model, int choices, int base) {
      this.model = model;
      this.choices = choices;
      this.base = base;
    }

    private RouterCall<RouteRequest, RouteEvent> call() {
      if (call == null) {
        throw new IllegalStateException("not started");
      }
      return call;
    }

    @Override
    public void onMessage(RouteEvent event) {
      if (over) {
        return;
      }
      try {
        handle(event);
      } catch (RuntimeException e) {
        LOG.errorf(e, "request %s failed", observation.requestId());
        fail(FailureMapping.internal());
      }
      if (!over) {
        sink.whenRoom(call()::request);
      }
    }

    private void handle(RouteEvent event) {
      switch (event.getEventCase()) {
        case PLACEMENT -> {
          observation.placed(model, event.getPlacement());
          sink.placed(event.getPlacement());
        }
        case BEGUN -> begin(event.getBegun());
        case TOKEN -> {
          observation.token();
          sink.token(choice(event.getToken().getChoice()), event.getToken());
        }
        case FINISH -> {
          finished++;
          sink.finish(choice(event.getFinish().getChoice()), event.getFinish());
        }
        case DONE -> complete(event);
        case EVENT_NOT_SET -> {}
      }
    }

    private void begin(Begun event) {
      begun = true;
      format.answeredBy(event.getModelDigest());
      sink.open();
      for (int choice = 0; choice < choices; choice++) {
        sink.begin(base + choice, event.getEchoText());
      }
    }

    private int choice(int index) {
      if (!begun || index < 0 || index >= choices) {
        throw new IllegalStateException("the router sent a choice that was not begun");
      }
      return base + index;
    }

    private void complete(RouteEvent event) {
      if (finished != choices || done) {
        throw new IllegalStateException("the router ended an answer whose choices had not");
      }
      done = true;
      tally = tally.plus(event.getDone().getUsage());
      unfinished--;
      if (unfinished == 0) {
        over = true;
        sink.release();
        observation.completed(tally);
        sink.complete(tally);
      }
    }

    @Override
    public void onEnd(Status status, @Nullable Metadata trailers) {
      if (over || done) {
        return;
      }
      if (status.isOk()) {
        LOG.errorf(
            "request %s: the router ended the stream before the answer", observation.requestId());
      }
      fail(FailureMapping.toError(status, trailers));
    }
  }
}
