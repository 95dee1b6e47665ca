package ringfence.gateway.page;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import ringfence.gateway.access.Access;
import ringfence.gateway.openai.Zones;

/// What the page asks beside OpenAI's API, under `/page/api/`.
@Singleton
public final class PageApi {
  /// Where it is.
  public static final String FOLDER = PageRoutes.FOLDER + "api/";

  /// For everybody: whoever has no key yet must know that one is needed.
  public static final String ABOUT = FOLDER + "about";

  private final byte[] about;

  PageApi(Access access, @ConfigProperty(name = "quarkus.application.version") String version) {
    about =
        PageJson.object(json -> {
          json.writeStringField("farthest_zone", Zones.wire(access.keys().anyone().ceiling()));
          json.writeBooleanField("keys_required", access.keys().required());
          json.writeStringField("version", version);
        });
  }

  /// Adds the routes.
  public void register(Router router) {
    router.get(ABOUT).handler(context -> answer(context, about));
  }

  private static void answer(RoutingContext context, byte[] body) {
    PageRoutes.protect(context.response().headers());
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(Buffer.buffer(body));
  }
}
