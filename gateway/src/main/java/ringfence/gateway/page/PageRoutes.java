package ringfence.gateway.page;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/// `GET /` and `GET /page/...`: the web page for browsers, a few lines of text for everybody else.
@Singleton
public final class PageRoutes {
  /// Where the page's files are.
  public static final String FOLDER = "/page/";

  /// The page runs its own files and speaks to its own origin; no script, style or frame of anybody
  /// else, none that stands in a document, and no text becomes markup unless Lit made it.
  static final String SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types lit-html";

  private static final String A_YEAR = "public, max-age=31536000, immutable";

  private final PageFiles files = PageFiles.built();

  /// Adds the routes.
  public void register(Router router) {
    router.get("/").handler(this::root);
    router.get(FOLDER + "*").handler(this::file);
  }

  private void root(RoutingContext context) {
    context.response().putHeader(HttpHeaders.VARY, "Accept, Accept-Encoding");
    PageFiles.File page = wantsPage(context.request()) ? files.find(PageFiles.INDEX) : null;
    if (page == null) {
      Welcome.show(context, files.isEmpty());
    } else {
      send(context, page, false);
    }
  }

  private static boolean wantsPage(HttpServerRequest request) {
    String accept = request.getHeader(HttpHeaders.ACCEPT);
    return accept != null && accept.contains("text/html");
  }

  private void file(RoutingContext context) {
    String name = context.request().path().substring(FOLDER.length());
    PageFiles.File file = files.find(name);
    if (file == null) {
      context.next();
    } else {
      context.response().putHeader(HttpHeaders.VARY, "Accept-Encoding");
      send(context, file, name.startsWith("assets/"));
    }
  }

  /// @param named its name has a hash of its content
  private static void send(RoutingContext context, PageFiles.File file, boolean named) {
    HttpServerRequest request = context.request();
    HttpServerResponse response = context.response();
    MultiMap headers = response.headers();
    protect(headers);
    headers.set(HttpHeaders.CACHE_CONTROL, named ? A_YEAR : "no-cache");
    headers.set(HttpHeaders.ETAG, file.tag());
    if (matches(request.getHeader(HttpHeaders.IF_NONE_MATCH), file.tag())) {
      response.setStatusCode(304).end();
      return;
    }
    headers.set(HttpHeaders.CONTENT_TYPE, file.type());
    String encodings = request.getHeader(HttpHeaders.ACCEPT_ENCODING);
    byte[] gzip = file.gzip();
    if (gzip != null && encodings != null && encodings.contains("gzip")) {
      headers.set(HttpHeaders.CONTENT_ENCODING, "gzip");
      response.end(Buffer.buffer(gzip));
    } else {
      response.end(Buffer.buffer(file.bytes()));
    }
  }

  private static boolean matches(@Nullable String asked, String tag) {
    return asked != null && asked.contains(tag);
  }

  /// Headers of whatever a browser could show as a document.
  static void protect(MultiMap headers) {
    headers.set("Content-Security-Policy", SECURITY_POLICY);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set(
        "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
  }
}
