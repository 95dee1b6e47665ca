package ringfence.router.overview;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.BudgetView;
import ringfence.proto.v1.DetectorView;
import ringfence.proto.v1.KeyView;
import ringfence.proto.v1.PolicyView;
import ringfence.proto.v1.TenantView;
import ringfence.proto.v1.UpstreamView;
import ringfence.router.WireZones;
import ringfence.router.policy.Caller;
import ringfence.router.policy.Policy;
import ringfence.router.policy.budget.Spent;
import ringfence.router.policy.detector.Detectors;
import ringfence.router.policy.document.ApiKey;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.policy.document.Upstream;
import ringfence.router.routing.Zone;

/// The policy in force as a caller may see it: its own tenant's part, or all of it for an admin. No
/// hash of a key, no place of a secret, and nothing of what an operator's own detectors look for.
public final class PolicyViews {
  static final String BUILT_IN = "built-in";

  private final Policy policy;
  private final InstantSource clock;

  /// @param clock says what has expired
  public PolicyViews(Policy policy, InstantSource clock) {
    this.policy = policy;
    this.clock = clock;
  }

  /// @param problem of the newest file; null: it is in force
  PolicyView view(Caller caller, @Nullable String problem) {
    PolicyDocument document = policy.document();
    PolicyView.Builder view = PolicyView.newBuilder().setVersion(document.version());
    if (caller.admin() && problem != null) {
      view.setProblem(problem);
    }
    List<Spent> spent = policy.budgets().spent();
    if (document.isKeyless()) {
      view.addTenants(tenant(Tenant.KEYLESS, spent));
    }
    document.tenants().values().stream()
        .filter(tenant -> caller.admin() || tenant.name().equals(caller.tenant()))
        .sorted(Comparator.comparing(Tenant::name))
        .forEach(tenant -> view.addTenants(tenant(tenant, spent)));
    document.upstreams().values().stream()
        .filter(upstream -> caller.admin() || !upstream.zone().isFartherThan(caller.ceiling()))
        .sorted(Comparator.comparing(Upstream::name))
        .forEach(upstream -> view.addUpstreams(upstream(upstream, caller.admin())));
    return view.build();
  }

  private static TenantView tenant(Tenant tenant, List<Spent> spent) {
    TenantView.Builder view =
        TenantView.newBuilder()
            .setName(tenant.name())
            .setFarthestZone(WireZones.toWire(tenant.farthestZone()))
            .setMaxWaitMillis(tenant.maxWait().toMillis());
    spent.stream()
        .filter(one -> one.tenant().equals(tenant.name()) && isShown(one))
        .sorted(Comparator.comparing(Spent::window))
        .forEach(one -> view.addBudgets(budget(one)));
    addDetectors(view, tenant.detectors());
    return view.build();
  }

  /// Windows with a limit, and two that say what is used where there is none.
  private static boolean isShown(Spent spent) {
    return spent.limit() != null || spent.window() == Window.DAY || spent.window() == Window.MONTH;
  }

  private static BudgetView budget(Spent spent) {
    BudgetView.Builder view =
        BudgetView.newBuilder()
            .setWindow(spent.window().name().toLowerCase(Locale.ROOT))
            .setStartMillis(spent.start().toEpochMilli())
            .setEndMillis(spent.window().end(spent.start()).toEpochMilli())
            .setRequestsUsed(spent.amounts().requests())
            .setTokensUsed(spent.amounts().tokens())
            .setMoneyNanosUsed(spent.amounts().moneyNanos());
    BudgetLimit limit = spent.limit();
    if (limit != null) {
      Long requests = limit.requests();
      Long tokens = limit.tokens();
      Long money = limit.moneyNanos();
      if (requests != null) {
        view.setRequestsLimit(requests);
      }
      if (tokens != null) {
        view.setTokensLimit(tokens);
      }
      if (money != null) {
        view.setMoneyNanosLimit(money);
      }
    }
    return view.build();
  }

  private static void addDetectors(TenantView.Builder view, DetectorRules rules) {
    for (String kind : Detectors.kinds()) {
      view.addDetectors(
          detector(kind, rules.kinds().getOrDefault(kind, rules.farthestZone()), BUILT_IN)
              .setOff(rules.off().contains(kind)));
    }
    rules
        .words()
        .forEach(own -> view.addDetectors(detector(own.name(), own.farthestZone(), "words")));
    rules
        .patterns()
        .forEach(own -> view.addDetectors(detector(own.name(), own.farthestZone(), "pattern")));
  }

  private static DetectorView.Builder detector(String name, Zone ceiling, String origin) {
    return DetectorView.newBuilder()
        .setName(name)
        .setFarthestZone(WireZones.toWire(ceiling))
        .setOrigin(origin);
  }

  /// What was found in a text, by name.
  static List<DetectorView> findings(Map<String, Zone> findings) {
    return findings.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(one ->
            detector(
                    one.getKey(),
                    one.getValue(),
                    Detectors.kinds().contains(one.getKey()) ? BUILT_IN : "own")
                .build())
        .toList();
  }

  private static UpstreamView upstream(Upstream upstream, boolean admin) {
    UpstreamView.Builder view =
        UpstreamView.newBuilder()
            .setName(upstream.name())
            .setZone(WireZones.toWire(upstream.zone()))
            .addAllModels(upstream.models().keySet().stream().sorted().toList())
            .setMaxInFlight(upstream.limits().maxInFlight());
    Integer requests = upstream.limits().requestsPerMinute();
    Integer tokens = upstream.limits().tokensPerMinute();
    if (requests != null) {
      view.setRequestsPerMinute(requests);
    }
    if (tokens != null) {
      view.setTokensPerMinute(tokens);
    }
    if (admin) {
      view.setBaseUrl(upstream.baseUrl().toString());
    }
    return view.build();
  }

  /// Every key, without its hash.
  List<KeyView> keys() {
    PolicyDocument document = policy.document();
    Instant now = clock.instant();
    return document.keys().stream()
        .sorted(Comparator.comparing(ApiKey::id))
        .map(key -> key(key, document.tenants().get(key.tenant()), now))
        .toList();
  }

  private static KeyView key(ApiKey key, @Nullable Tenant tenant, Instant now) {
    Zone tenants = tenant == null ? Zone.DEVICE : tenant.farthestZone();
    Zone own = key.farthestZone();
    Instant expires = key.expires();
    Instant revoked = key.revoked();
    return KeyView.newBuilder()
        .setId(key.id())
        .setTenant(key.tenant())
        .setFarthestZone(WireZones.toWire(own == null ? tenants : Zone.nearer(own, tenants)))
        .setExpiresMillis(expires == null ? 0 : expires.toEpochMilli())
        .setRevokedMillis(revoked == null ? 0 : revoked.toEpochMilli())
        .setAdmin(key.admin())
        .setExpired(expires != null && !now.isBefore(expires))
        .build();
  }
}
