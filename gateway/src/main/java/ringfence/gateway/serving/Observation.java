package ringfence.gateway.serving;

import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Tally;

/// What is measured of one request; no content. Runs on the request's event loop.
final class Observation {
  static final int CLIENT_GONE = 499;

  private final RequestMetrics metrics;
  private final String route;
  private final String requestId;
  private final long arrivedNanos;
  private String model = RequestMetrics.NO_MODEL;
  private long lastTokenNanos;
  private int status;

  Observation(RequestMetrics metrics, String route, String requestId, long arrivedNanos) {
    this.metrics = metrics;
    this.route = route;
    this.requestId = requestId;
    this.arrivedNanos = arrivedNanos;
  }

  String requestId() {
    return requestId;
  }

  /// The router knows the model: only then is its name fit to be a label.
  void placed(String name) {
    model = metrics.bounded(name);
  }

  void token() {
    long now = System.nanoTime();
    if (lastTokenNanos == 0) {
      metrics.firstToken(model, now - arrivedNanos);
    } else {
      metrics.interToken(model, now - lastTokenNanos);
    }
    lastTokenNanos = now;
  }

  void completed(Tally tally) {
    status = 200;
    metrics.tokens(model, tally);
  }

  void answered() {
    status = 200;
  }

  void failed(ApiError error) {
    status = error.status();
  }

  /// The response has ended, or its connection has.
  void closed() {
    metrics.request(
        route, model, status == 0 ? CLIENT_GONE : status, System.nanoTime() - arrivedNanos);
  }
}
