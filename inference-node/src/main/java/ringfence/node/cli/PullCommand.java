package ringfence.node.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringfence.node.catalogue.Catalogue;
import ringfence.node.catalogue.CatalogueEntry;
import ringfence.node.catalogue.ModelCache;
import ringfence.node.catalogue.Puller;

/// `node pull NAME`.
@Command(
    name = "pull",
    description = "Fetches a model into the cache and prints its path.",
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "NAME", description = "A name that 'list' shows.")
  private String name;

  @Option(names = "--quiet", description = "Print the path alone.")
  private boolean quiet;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Catalogue catalogue = Catalogue.load();
    CatalogueEntry entry =
        catalogue
            .find(name)
            .orElseThrow(() -> {
              List<String> known = catalogue.entries().stream().map(CatalogueEntry::name).toList();
              return new IllegalArgumentException(
                  "no model is named '"
                      + name
                      + "'; the catalogue has "
                      + String.join(", ", known)
                      + ", and any GGUF file's path works too");
            });
    PrintWriter out = spec.commandLine().getOut();
    ProgressBar bar = new ProgressBar(spec.commandLine().getErr(), entry.name(), quiet);
    Path file = new Puller(ModelCache.ofUser()).pull(entry, bar);
    bar.done();
    out.println(file);
    out.flush();
    return 0;
  }
}
