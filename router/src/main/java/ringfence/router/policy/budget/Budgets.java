package ringfence.router.policy.budget;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import ringfence.proto.v1.Failure;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;

/// All tenants' budgets. They hold under any concurrency: whoever reserves holds the tenant's lock.
public final class Budgets {
  private final InstantSource clock;
  private final Map<String, Account> accounts = new ConcurrentHashMap<>();

  /// @param clock says which windows are open
  public Budgets(InstantSource clock) {
    this.clock = clock;
  }

  /// Puts the policy's limits in force; what was used stays used.
  public void limit(PolicyDocument document) {
    for (Tenant tenant : document.tenants().values()) {
      account(tenant.name()).limit(tenant.budgets());
    }
    accounts.forEach((name, account) -> {
      if (!document.tenants().containsKey(name)) {
        account.limit(List.of());
      }
    });
  }

  /// Reserves the most that a request can need.
  ///
  /// @param mostAnswerTokens of all its choices
  public Reservation reserve(String tenant, long mostPromptTokens, long mostAnswerTokens) {
    Spending spending = new Spending(account(tenant), clock, mostPromptTokens, mostAnswerTokens);
    Failure refused = spending.open();
    return refused == null ? spending : new Reservation.Refused(refused);
  }

  /// What each tenant has used in each open window.
  public List<Spent> spent() {
    Instant now = clock.instant();
    List<Spent> all = new ArrayList<>();
    for (Account account : accounts.values()) {
      all.addAll(account.spent(now));
    }
    return all;
  }

  /// Takes over what was used before a restart, as far as its window is still open.
  public void restore(List<Spent> before) {
    Instant now = clock.instant();
    for (Spent spent : before) {
      if (!spent.window().start(now).isAfter(spent.start())) {
        account(spent.tenant()).restore(spent.window(), spent.start(), spent.amounts());
      }
    }
  }

  Account account(String tenant) {
    return accounts.computeIfAbsent(tenant, name -> new Account(name, List.of()));
  }
}
