package ringfence.router.serving;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.Policy;
import ringfence.router.policy.PolicyObserver;
import ringfence.router.policy.PolicySource;
import ringfence.router.policy.budget.SpentFile;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.PolicyFileException;

/// Keeps the policy in force in step with its file. A file that is wrong stops the start; later the
/// last good one stays in force.
public final class PolicyWatch {
  private static final Logger LOG = Logger.getLogger(PolicyWatch.class);

  private final Policy policy;
  private final @Nullable PolicySource source;
  private final @Nullable SpentFile spentFile;
  private volatile @Nullable String problem;
  private final int budgetRouters;
  private boolean spentFailed;

  private PolicyWatch(
      Policy policy,
      @Nullable PolicySource source,
      @Nullable SpentFile spentFile,
      int budgetRouters) {
    this.policy = policy;
    this.source = source;
    this.spentFile = spentFile;
    this.budgetRouters = budgetRouters;
  }

  /// Reads the file, and what was used before.
  ///
  /// @throws IllegalArgumentException when one can't be used; the message names the setting
  static PolicyWatch start(
      RouterSettings settings,
      InstantSource clock,
      LongSupplier nanoClock,
      PolicyObserver observer) {
    Path file = settings.policyFile();
    if (file == null) {
      return new PolicyWatch(
          new Policy(PolicyDocument.NONE, clock, nanoClock, settings.screeningLimit(), observer),
          null,
          null,
          1);
    }
    PolicySource source = new PolicySource(file);
    Policy policy =
        new Policy(
            read(source, file).withPartOfBudgets(settings.budgetRouters()),
            clock,
            nanoClock,
            settings.screeningLimit(),
            observer);
    LOG.infof("policy %s in force", policy.document().version());
    Path spent = settings.spentFile();
    SpentFile spentFile = spent == null ? null : new SpentFile(spent);
    if (spentFile != null) {
      try {
        policy.budgets().restore(spentFile.read());
        spentFile.check();
      } catch (IOException failed) {
        throw new IllegalArgumentException(
            "ringfence.router.spent-file: " + spent + " can't be used: " + failed.getMessage(),
            failed);
      }
    }
    return new PolicyWatch(policy, source, spentFile, settings.budgetRouters());
  }

  private static PolicyDocument read(PolicySource source, Path file) {
    try {
      return source.read();
    } catch (PolicyFileException wrong) {
      throw new IllegalArgumentException(
          "ringfence.router.policy-file: " + wrong.getMessage(), wrong);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          "ringfence.router.policy-file: " + file + " can't be read: " + unreadable.getMessage(),
          unreadable);
    }
  }

  /// Writes down what has been used since the last time, if anything has.
  synchronized void keepSpent() {
    if (spentFile == null) {
      return;
    }
    try {
      spentFile.write(policy.budgets().spent());
      spentFailed = false;
    } catch (IOException failed) {
      if (!spentFailed) {
        LOG.error("what tenants have used can't be written: a restart would forget it", failed);
      }
      spentFailed = true;
    }
  }

  /// Puts the file in force when it has changed.
  void look() {
    PolicySource looked = source;
    if (looked == null) {
      return;
    }
    try {
      PolicyDocument changed = looked.readIfChanged();
      if (changed != null) {
        policy.replace(changed.withPartOfBudgets(budgetRouters));
        problem = null;
        LOG.infof("policy %s in force", changed.version());
      }
    } catch (PolicyFileException wrong) {
      keep(String.valueOf(wrong.getMessage()));
    } catch (IOException | RuntimeException failed) {
      keep("the policy file can't be read: " + failed.getMessage());
    }
  }

  private void keep(String why) {
    if (!why.equals(problem)) {
      problem = why;
      LOG.errorf(
          "the changed policy is not in force, %s still is: %s", policy.document().version(), why);
    }
  }

  /// The policy.
  public Policy policy() {
    return policy;
  }

  /// What is wrong with the newest file; null: nothing, it is in force.
  public @Nullable String problem() {
    return problem;
  }
}
