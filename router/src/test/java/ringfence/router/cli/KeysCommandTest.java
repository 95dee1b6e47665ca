package ringfence.router.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import ringfence.router.policy.document.KeysFile;

class KeysCommandTest {
  @TempDir Path folder;
  private Path policy;

  private record Run(int code, String out, String err) {}

  @BeforeEach
  void writePolicy() throws IOException {
    policy = folder.resolve("policy.yaml");
    Files.writeString(policy, "tenants: [{name: ann, farthest-zone: site}]\n");
  }

  private Run run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--policy-file";
    all[arguments.length + 1] = policy.toString();
    return new Run(commandLine.execute(all), out.toString(), err.toString());
  }

  @Test
  void showsAKeyOnceAndKeepsItsHash() throws Exception {
    Run made = run("keys", "create", "laptop", "--tenant", "ann", "--expires", "2099-01-31");
    assertThat(made.code).isZero();
    String key = made.out.strip();
    assertThat(key).matches("rf-[A-Za-z0-9_-]{43}");
    String file = Files.readString(folder.resolve("policy.keys.yaml"));
    assertThat(file).doesNotContain(key).contains(KeysFile.sha256(key));
    assertThat(run("keys", "list").out)
        .contains("laptop")
        .contains("2099-01-31")
        .doesNotContain(key);
    assertThat(run("keys", "revoke", "laptop").code).isZero();
    assertThat(run("keys", "list").out).contains("revoked");
    assertThat(folder.toFile().list()).doesNotContain(".keys", ".tmp");
  }

  @Test
  void refusesWhatThePolicyDoesNotAllowAndChangesNothing() {
    assertThat(run("keys", "create", "a", "--tenant", "bob").err).contains("no tenant 'bob'");
    assertThat(run("keys", "create", "a", "--tenant", "ann", "--farthest-zone", "external").err)
        .contains("can only come nearer");
    assertThat(run("keys", "create", "a", "--tenant", "ann", "--farthest-zone", "moon").err)
        .contains("device, site, datacenter or external");
    assertThat(run("keys", "create", "a b", "--tenant", "ann").err).contains("letters");
    assertThat(run("keys", "create", "a", "--tenant", "ann", "--expires", "soon").err)
        .contains("--expires");
    assertThat(run("keys", "revoke", "nobody").err).contains("no key 'nobody'");
    assertThat(Files.exists(folder.resolve("policy.keys.yaml"))).isFalse();
    assertThat(run("keys", "create", "a", "--tenant", "ann").code).isZero();
    assertThat(run("keys", "create", "a", "--tenant", "ann").err).contains("two keys of this id");
  }

  @Test
  void keysMadeAtTheSameTimeAreAllKept() throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Integer>> tasks =
          IntStream.range(0, 12)
              .<Callable<Integer>>mapToObj(
                  i -> () -> run("keys", "create", "k" + i, "--tenant", "ann").code)
              .toList();
      for (var done : threads.invokeAll(tasks)) {
        assertThat(done.get()).isZero();
      }
    }
    assertThat(new KeysFile(policy).list()).hasSize(12);
  }
}
