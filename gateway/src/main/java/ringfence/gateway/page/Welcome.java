package ringfence.gateway.page;

import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/// `GET /` for whoever is no browser: what this is and how to ask it, as text.
final class Welcome {
  private Welcome() {}

  /// @param withoutPage there is no page to show, and the text says so
  static void show(RoutingContext context, boolean withoutPage) {
    String base = context.request().scheme() + "://" + context.request().authority();
    String page =
        withoutPage
            ? "none: this gateway was built without npm and Node.js 20.19 or later"
            : base + "/ in a browser";
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
        .end(
            """
            Ringfence answers OpenAI's API at %1$s/v1

            curl -N %1$s/v1/chat/completions -H 'Content-Type: application/json' \\
              -d '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

            Page     %2$s
            Models   %1$s/v1/models
            OpenAPI  %1$s/q/openapi
            """
                .formatted(base, page));
  }
}
