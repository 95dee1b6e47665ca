package ringfence.gateway.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.Client;
import ringfence.gateway.GatewayTest;

@GatewayTest
class PageRoutesTest {
  private static final String[] BROWSER = {"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"};
  private static final Pattern NAMED = Pattern.compile("(?:src|href)=\"(/page/assets/[^\"]+)\"");

  @TestHTTPResource("/")
  URI base;

  private Client client;

  @BeforeEach
  void fresh() {
    client = new Client(base);
  }

  /// Java alone can be built and tested where there is no npm; CI has it.
  private static void needPage() {
    boolean none = PageFiles.built().isEmpty();
    assertThat(none && "true".equals(System.getenv("CI")))
        .as("CI builds the page: see gateway/page/build")
        .isFalse();
    assumeFalse(none, "built without the web page");
  }

  @Test
  void aBrowserGetsThePageUnderAStrictPolicy() {
    needPage();
    HttpResponse<String> page = client.get("/", BROWSER);
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
    assertThat(page.body()).contains("<noscript>").contains("needs JavaScript");
    assertThat(page.headers().firstValue("content-security-policy").orElse(""))
        .contains("default-src 'none'")
        .contains("require-trusted-types-for 'script'")
        .doesNotContain("unsafe")
        .doesNotContain("http")
        .doesNotContain("*");
    assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
    assertThat(page.headers().firstValue("cache-control")).hasValue("no-cache");
  }

  @Test
  void theDocumentNamesFilesThatAreThereAndNothingOfOtherOrigins() {
    needPage();
    String page = client.get("/", BROWSER).body();
    assertThat(page).doesNotContain("//").doesNotContain("<style").doesNotContain(" style=");
    Matcher named = NAMED.matcher(page);
    int found = 0;
    while (named.find()) {
      found++;
      HttpResponse<String> file = client.get(named.group(1));
      assertThat(file.statusCode()).isEqualTo(200);
      assertThat(file.headers().firstValue("cache-control").orElse("")).contains("immutable");
      assertThat(file.headers().firstValue("content-type").orElse(""))
          .isIn("text/javascript; charset=utf-8", "text/css; charset=utf-8");
    }
    assertThat(found).isGreaterThanOrEqualTo(2);
  }

  @Test
  void aFileIsSentCompressedAndNotTwice() {
    needPage();
    HttpResponse<String> icon = client.get("/page/icon.svg");
    assertThat(icon.headers().firstValue("content-encoding")).isEmpty();
    HttpResponse<String> compressed = client.get("/page/icon.svg", "Accept-Encoding", "gzip");
    assertThat(compressed.headers().firstValue("content-encoding")).hasValue("gzip");
    String tag = icon.headers().firstValue("etag").orElseThrow();
    HttpResponse<String> again = client.get("/page/icon.svg", "If-None-Match", tag);
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
  }

  @Test
  void nothingButThePagesFilesIsServed() {
    for (String path :
        new String[] {
          "/page/",
          "/page/files.txt",
          "/page/index.html.gz",
          "/page/..%2Fapplication.properties",
          "/page/assets/../../application.properties",
          "/page/PageFiles.class",
          "/page//index.html",
          "/page/api/nothing"
        }) {
      assertThat(client.get(path).statusCode()).as(path).isEqualTo(404);
    }
  }

  @Test
  void whoeverIsNoBrowserGetsText() {
    HttpResponse<String> text = client.get("/", "Accept", "*/*");
    assertThat(text.headers().firstValue("content-type")).hasValue("text/plain; charset=utf-8");
    assertThat(text.body()).contains("/v1/chat/completions");
    assertThat(text.headers().firstValue("vary").orElse("")).contains("Accept");
  }

  @Test
  void thePageLearnsHowFarRequestsMayGo() {
    HttpResponse<String> about = client.get("/page/api/about");
    assertThat(Client.json(about).at("/farthest_zone").asText()).isEqualTo("site");
    assertThat(Client.json(about).at("/keys_required").asBoolean()).isFalse();
    assertThat(about.headers().firstValue("cache-control")).hasValue("no-store");
  }

  @Test
  void otherOriginsGetNothing() {
    for (String path : new String[] {"/", "/page/api/about", "/page/icon.svg"}) {
      assertThat(client.get(path, "Origin", "https://evil.example").statusCode()).isEqualTo(403);
    }
  }
}
