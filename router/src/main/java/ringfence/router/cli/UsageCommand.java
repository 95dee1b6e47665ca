package ringfence.router.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.router.policy.PolicySource;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.Spent;
import ringfence.router.policy.budget.SpentFile;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.PolicyFileException;

/// `router usage`: what tenants have used, as the router last wrote it down.
@Command(
    name = "usage",
    description =
        "Shows what each tenant has used in each window, and how much it may; a running router"
            + " writes it down each second.",
    mixinStandardHelpOptions = true)
final class UsageCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private PolicyFileOption policy;

  @Option(
      names = "--spent-file",
      paramLabel = "FILE",
      description = "The router's spent-file, where it is not beside the policy file.")
  private @Nullable Path spentFile;

  @Override
  public Integer call() throws IOException, PolicyFileException {
    Path file = policy.file();
    Path spent = spentFile;
    Instant now = Instant.now();
    Budgets budgets = new Budgets(InstantSource.fixed(now));
    budgets.limit(new PolicySource(file).read());
    budgets.restore(new SpentFile(spent == null ? SpentFile.beside(file) : spent).read());
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%-20s %-7s %-21s %-20s %-28s %s%n",
        "TENANT", "WINDOW", "SINCE", "REQUESTS", "TOKENS", "MONEY");
    budgets.spent().stream()
        .sorted(Comparator.comparing(Spent::tenant).thenComparing(Spent::window))
        .forEach(one -> print(out, one));
    out.flush();
    return 0;
  }

  private static void print(PrintWriter out, Spent one) {
    BudgetLimit limit = one.limit();
    out.printf(
        "%-20s %-7s %-21s %-20s %-28s %s%n",
        one.tenant(),
        one.window().name().toLowerCase(Locale.ROOT),
        one.start(),
        of(one.amounts().requests(), limit == null ? null : limit.requests(), 0),
        of(one.amounts().tokens(), limit == null ? null : limit.tokens(), 0),
        of(one.amounts().moneyNanos(), limit == null ? null : limit.moneyNanos(), 9));
  }

  private static String of(long used, @Nullable Long most, int decimals) {
    String text = number(used, decimals);
    return most == null ? text : text + " of " + number(most, decimals);
  }

  private static String number(long value, int decimals) {
    return BigDecimal.valueOf(value, decimals).stripTrailingZeros().toPlainString();
  }
}
