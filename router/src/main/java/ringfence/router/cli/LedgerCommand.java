package ringfence.router.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringfence.router.disk.FolderDisk;
import ringfence.router.ledger.ChainReader;
import ringfence.router.ledger.ChainReader.Contents;
import ringfence.router.ledger.LedgerKeys;
import ringfence.router.ledger.Noted;

/// `router ledger`.
@Command(
    name = "ledger",
    description = "Looks into the account of what has left the site.",
    mixinStandardHelpOptions = true,
    subcommands = {LedgerCommand.Verify.class})
final class LedgerCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return 2;
  }

  /// `router ledger verify`: offline, also beside a router that writes.
  @Command(
      name = "verify",
      description = {
        "Checks every record, the chain of their hashes and the signed head, and names what was changed, dropped, reordered or truncated.",
        "Exit code 0: all is as it was written; 1: it is not; 2: it can't be read."
      },
      mixinStandardHelpOptions = true)
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "FOLDER", description = "The ledger's folder.")
    private Path folder;

    @Option(
        names = "--key",
        paramLabel = "FILE",
        description =
            "A copy of sign.pub that was kept elsewhere: who can write the folder can replace the key beside the records too.")
    private @Nullable Path key;

    @Option(
        names = "--head",
        paramLabel = "SEQUENCE:HASH",
        description =
            "A head or a receipt's record as it was noted earlier: the ledger must still have it.")
    private @Nullable String noted;

    @Override
    public Integer call() throws Exception {
      PrintWriter out = spec.commandLine().getOut();
      Path keyFile = key == null ? folder.resolve("sign.pub") : key;
      Contents contents;
      @Nullable Noted expected = noted == null ? null : Noted.parse(noted);
      try (FolderDisk disk = FolderDisk.reading(folder)) {
        PublicKey verifying = LedgerKeys.publicKey(Files.readString(keyFile), keyFile.toString());
        contents = ChainReader.check(disk, verifying, expected);
      } catch (java.io.IOException unreadable) {
        spec.commandLine()
            .getErr()
            .println("router ledger verify: " + CommandError.explain(unreadable));
        return 2;
      }
      contents.problems().forEach(problem -> out.println(problem.kind() + ": " + problem.text()));
      if (contents.tornEnd() != null) {
        out.printf(
            "note: %s ends in %d bytes of a commit that is not complete (a power cut, or a router that writes right now)%n",
            contents.tornEnd().segment(), contents.tornEnd().bytes());
      }
      out.printf(
          "%s: %d records, %d to %d%s%n",
          contents.problems().isEmpty() ? "whole" : "NOT as it was written",
          contents.records(),
          contents.first(),
          contents.last(),
          contents.droppedThrough() == 0
              ? ""
              : ", retention has dropped those up to " + contents.droppedThrough());
      out.printf("head: %d:%s%n", contents.last(), hex(contents));
      out.flush();
      return contents.problems().isEmpty() ? 0 : 1;
    }

    private static String hex(Contents contents) {
      return java.util.HexFormat.of().formatHex(contents.lastHash().toByteArray());
    }
  }
}
