package ringfence.node.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import ringfence.node.catalogue.Catalogue;
import ringfence.node.catalogue.CatalogueEntry;
import ringfence.node.catalogue.ModelCache;

/// `node list`.
@Command(
    name = "list",
    description = "Lists the models known by name, and which of them are here.",
    mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    ModelCache cache = ModelCache.ofUser();
    out.printf("%-30s %9s  %-20s %-5s %s%n", "NAME", "SIZE", "LICENCE", "HERE", "WHAT");
    for (CatalogueEntry entry : Catalogue.load().entries()) {
      out.printf(
          "%-30s %5d MiB  %-20s %-5s %s%n",
          entry.name(),
          entry.bytes() >> 20,
          entry.licence(),
          cache.holds(entry) ? "yes" : "no",
          entry.description());
    }
    out.println("Models lie in " + cache.models());
    out.flush();
    return 0;
  }
}
