package ringfence.gateway.serving;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/// `GET /`: what this is and how to ask it, as text.
final class Welcome {
  private Welcome() {}

  static void show(RoutingContext context) {
    String base = context.request().scheme() + "://" + context.request().authority();
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
        .end(
            """
            Ringfence answers OpenAI's API at %1$s/v1

            curl -N %1$s/v1/chat/completions -H 'Content-Type: application/json' \\
              -d '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

            Models   %1$s/v1/models
            OpenAPI  %1$s/q/openapi
            Health   %1$s/q/health
            Metrics  %1$s/q/metrics
            """
                .formatted(base));
  }
}
