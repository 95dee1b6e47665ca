package ringfence.router.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import ringfence.router.FakeNode;
import ringfence.router.TestRouter;
import ringfence.tls.MutualTls;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.TlsFiles;

class CertificatesCommandTest {
  @TempDir Path folder;

  private record Run(int code, String out, String err) {}

  private Run run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    return new Run(commandLine.execute(arguments), out.toString(), err.toString());
  }

  private Run create(String... more) {
    List<String> all = new ArrayList<>(List.of("certificates", "create"));
    all.addAll(List.of(more));
    all.addAll(List.of("--folder", folder.toString()));
    return run(all.toArray(String[]::new));
  }

  private TlsFiles files(String name) {
    return new TlsFiles(
        "test",
        folder.resolve(name + ".pem"),
        folder.resolve(name + ".key"),
        folder.resolve("authority.pem"),
        Duration.ofHours(1));
  }

  @Test
  void whatItMakesIsTakenByTheProcessesThatItIsFor() throws Exception {
    Run made = create("router/main", "gateway/front", "node/site/one", "operator/ann", "https/x");
    assertThat(made.code).isZero();
    assertThat(made.err).contains("Made an authority");
    assertThat(made.out).contains("proves node/site/one").doesNotContain("PRIVATE");
    for (String identity : List.of("router/main", "gateway/front", "node/site/one")) {
      MutualTls.open(
              files(identity.replace('/', '-')), Peer.exactly(ProcessIdentity.parse(identity)))
          .close();
    }
    // A later one is of the same authority; the authority's key is not written anew.
    String authority = Files.readString(folder.resolve("authority.key"));
    assertThat(create("node/device/two", "--host", "two.example", "--days", "3").code).isZero();
    assertThat(Files.readString(folder.resolve("authority.key"))).isEqualTo(authority);
    MutualTls.open(files("node-device-two"), Peer.exactly(ProcessIdentity.parse("node/device/two")))
        .close();
    assertThat(run("certificates", "show", folder.resolve("node-device-two.pem").toString()).out)
        .contains("node/device/two", "two.example")
        .doesNotContain("localhost");
  }

  @Test
  void whatIsThereIsRenewedOnlyWhenAsked() throws Exception {
    assertThat(create("router/main").code).isZero();
    String before = Files.readString(folder.resolve("router-main.key"));
    Run again = create("router/main");
    assertThat(again.code).isOne();
    assertThat(again.err).contains("router-main.pem").contains("exists already");
    assertThat(Files.readString(folder.resolve("router-main.key"))).isEqualTo(before);
    assertThat(create("router/main", "--replace").code).isZero();
    assertThat(Files.readString(folder.resolve("router-main.key"))).isNotEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"node/one", "node/moon/one", "king/one", "https/", "../x", "router/a b"})
  void anUnknownIdentityMakesNothing(String identity) {
    Run refused = create("gateway/front", identity);
    assertThat(refused.code).isEqualTo(2);
    assertThat(refused.err).contains("gateway/NAME").contains("https/NAME");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anOperatorDrainsARouterWithTls() throws Exception {
    assertThat(create("router/test", "node/site/one", "operator/ann", "gateway/front").code)
        .isZero();
    try (TestRouter router = new TestRouter(files("router-test"), null);
        MutualTls node =
            MutualTls.open(
                files("node-site-one"), Peer.exactly(ProcessIdentity.parse("node/site/one")));
        FakeNode one = new FakeNode("one", node).register(router.address())) {
      String address = "127.0.0.1:" + router.address().getPort();
      Run bare = run("drain", "one", "--router", address);
      assertThat(bare.code).isOne();
      assertThat(bare.err).contains("--certificates");
      assertThat(one.requests).isEmpty();
      Run drained = run("drain", "one", "--router", address, "--certificates", folder.toString());
      assertThat(drained.err).isEmpty();
      assertThat(drained.code).isZero();
      Files.delete(folder.resolve("operator-ann.pem"));
      assertThat(run("drain", "one", "--router", address, "--certificates", folder.toString()).err)
          .contains("one operator's certificate");
    }
  }
}
