package ringfence.router.policy;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Failures;
import ringfence.router.WireZones;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.MostTokens;
import ringfence.router.policy.budget.Reservation;
import ringfence.router.policy.budget.Spending;
import ringfence.router.policy.document.ApiKey;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.policy.document.Upstream;
import ringfence.router.policy.document.Upstream.Price;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;
import ringfence.router.routing.ZoneScreen;

/// Decides who asks and how far a request's content may go, and grants egress to where it was
/// placed within that. The policy may be replaced at any moment; a request keeps the label it was
/// given, but each grant is held to the newest policy too.
public final class Policy {
  private static final long GRANT_LIFETIME_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Duration USUAL_SCREENING_LIMIT = Duration.ofSeconds(2);
  private static final TenantScreen KEYLESS_SCREEN = new TenantScreen(Tenant.KEYLESS.detectors());
  private static final int MAX_KEY_BYTES = 1_024;
  private static final int MAX_SOURCE_BYTES = 64;
  private static final int MAX_REASONS = 32;
  private static final long RETRY_MILLIS =
      TimeUnit.NANOSECONDS.toMillis(FailureLimiter.WINDOW_NANOS);

  private record InForce(PolicyDocument document, Keyring keys, Map<String, TenantScreen> screens) {
    static InForce of(PolicyDocument document) {
      Map<String, TenantScreen> screens = new HashMap<>();
      document
          .tenants()
          .forEach((name, tenant) -> screens.put(name, new TenantScreen(tenant.detectors())));
      return new InForce(document, new Keyring(document.keys()), screens);
    }
  }

  private final InstantSource clock;
  private final LongSupplier nanoClock;
  private final long screeningNanos;
  private final PolicyObserver observer;
  private final Budgets budgets;
  private final FailureLimiter limiter = new FailureLimiter();
  private volatile InForce inForce;

  /// The policy of a setup without a policy file.
  public Policy() {
    this(
        PolicyDocument.NONE,
        InstantSource.system(),
        System::nanoTime,
        USUAL_SCREENING_LIMIT,
        PolicyObserver.NONE);
  }

  /// @param nanoClock monotonic, for limits and grants
  /// @param screeningLimit how long detectors may look at one request
  public Policy(
      PolicyDocument document,
      InstantSource clock,
      LongSupplier nanoClock,
      Duration screeningLimit,
      PolicyObserver observer) {
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.screeningNanos = screeningLimit.toNanos();
    this.observer = observer;
    this.budgets = new Budgets(clock);
    budgets.limit(document);
    this.inForce = InForce.of(document);
  }

  /// Puts another policy in force, for everything that is decided from now on.
  public void replace(PolicyDocument document) {
    budgets.limit(document);
    inForce = InForce.of(document);
  }

  /// What is in force.
  public PolicyDocument document() {
    return inForce.document;
  }

  /// Who sends these credentials.
  ///
  /// @param gatewaysTenant whom the gateway takes the caller for, where the router knows no keys
  public Identity identify(Credentials credentials, String gatewaysTenant) {
    InForce now = inForce;
    if (now.document.isKeyless()) {
      return credentials.getKeyRequired()
          ? refused("no key is known here: set ringfence.router.policy-file and create a key")
          : Caller.keyless(gatewaysTenant);
    }
    if (credentials.getApiKey().isEmpty()) {
      return refused("You didn't provide an API key: send the header 'Authorization: Bearer KEY'.");
    }
    String source =
        credentials.getSourceBytes().size() > MAX_SOURCE_BYTES ? "" : credentials.getSource();
    ApiKey key =
        credentials.getApiKey().size() > MAX_KEY_BYTES
            ? null
            : now.keys.find(credentials.getApiKey());
    String problem = key == null ? "unknown" : problem(key);
    long nanos = nanoClock.getAsLong();
    if (key == null || problem != null) {
      boolean tooMany = limiter.failed(source, nanos);
      observer.keyRefused(
          tooMany ? "too-many" : problem == null ? "unknown" : problem,
          tooMany || key == null ? null : key.id());
      return tooMany ? tooMany() : refused("Incorrect API key provided.");
    }
    if (limiter.refusesRight(source, key.id(), nanos)) {
      observer.keyRefused("too-many", null);
      return tooMany();
    }
    Tenant tenant = tenant(now.document, key.tenant());
    return new Caller(key.tenant(), key.id(), ceiling(tenant, key), key.admin());
  }

  private @Nullable String problem(ApiKey key) {
    if (key.revoked() != null) {
      return "revoked";
    }
    return key.expires() != null && !clock.instant().isBefore(key.expires()) ? "expired" : null;
  }

  private static Identity refused(String message) {
    return new Identity.Refused(Failures.of(Reason.UNAUTHENTICATED, message));
  }

  private static Identity tooMany() {
    return new Identity.Refused(
        Failure.newBuilder()
            .setReason(Reason.TOO_MANY_FAILURES)
            .setMessage("Too many wrong API keys came from this address. Try again later.")
            .setRetryAfterMillis(RETRY_MILLIS)
            .build());
  }

  private static Tenant tenant(PolicyDocument document, String name) {
    Tenant tenant = document.tenants().get(name);
    if (tenant == null) {
      throw new IllegalStateException("the policy has no tenant of that key");
    }
    return tenant;
  }

  private static Zone ceiling(Tenant tenant, ApiKey key) {
    Zone own = key.farthestZone();
    return own == null ? tenant.farthestZone() : Zone.nearer(own, tenant.farthestZone());
  }

  /// The effective label: the nearest of what the key and the gateway's label allow, and of what
  /// each detector's finding does. Detectors run here, once for a request, unless the label is so
  /// near already that no finding could change it.
  ///
  /// @param spending what was reserved for it; null: nothing is counted
  public EffectiveLabel classify(RouteRequest request, Caller caller, @Nullable Spending spending) {
    return classify(request.getLabel(), caller, request, spending);
  }

  /// The effective label of a question without content.
  public EffectiveLabel classify(Label label, Caller caller) {
    return classify(label, caller, null, null);
  }

  /// What the caller's detectors find in a request that is not sent, and how far it could go. No
  /// observer hears of it.
  public Inspected inspect(Label label, Caller caller, RouteRequest content) {
    InForce now = inForce;
    List<String> reasons = new ArrayList<>();
    Zone asked = WireZones.ofLabel(label.getFarthestZone());
    if (asked.isFartherThan(caller.ceiling())) {
      reasons.add("key-ceiling");
    }
    TenantScreen screen =
        now.document.isKeyless() ? KEYLESS_SCREEN : now.screens.get(caller.tenant());
    if (screen == null) {
      return new Inspected(Zone.DEVICE, List.of("detectors-missing"), Map.of(), false);
    }
    return screen.inspected(
        Zone.nearer(asked, caller.ceiling()), content, reasons, nanoClock, screeningNanos);
  }

  /// Reserves what a request can need of its tenant's budgets; whoever gets a [Spending] must end
  /// it.
  ///
  /// @param contextLength the longest of any node that serves the model
  public Reservation reserve(RouteRequest request, Caller caller, long contextLength) {
    long longest = contextLength;
    for (Upstream upstream : inForce.document.upstreams().values()) {
      Upstream.Model model = upstream.models().get(request.getModel());
      longest = model == null ? longest : Math.max(longest, model.contextLength());
    }
    return budgets.reserve(
        caller.tenant(), MostTokens.ofPrompt(request), MostTokens.ofAnswer(request, longest));
  }

  /// What tenants may use and have used.
  public Budgets budgets() {
    return budgets;
  }

  private EffectiveLabel classify(
      Label label, Caller caller, @Nullable RouteRequest content, @Nullable Spending spending) {
    InForce now = inForce;
    Zone asked = WireZones.ofLabel(label.getFarthestZone());
    List<String> reasons = new ArrayList<>(label.getReasonsList());
    if (asked.isFartherThan(caller.ceiling())) {
      reasons.add("key-ceiling");
    }
    Zone farthest = Zone.nearer(asked, caller.ceiling());
    if (content != null) {
      TenantScreen screen =
          now.document.isKeyless() ? KEYLESS_SCREEN : now.screens.get(caller.tenant());
      if (screen == null) {
        // The tenant was taken out of the policy a moment ago.
        reasons.add("detectors-missing");
        farthest = Zone.DEVICE;
      } else if (screen.matters(farthest)) {
        farthest = screen.pulled(farthest, content, reasons, nanoClock, screeningNanos, observer);
      }
    }
    List<String> told = reasons.subList(0, Math.min(MAX_REASONS, reasons.size()));
    return new EffectiveLabel(farthest, told, caller, now.document.version(), spending);
  }

  /// Lets one attempt out to where placement put it.
  ///
  /// @throws IllegalStateException when the target is farther than the label: placement's screens
  ///   have failed, and nothing leaves
  /// @throws GrantDeniedException when the key has been revoked or pulled nearer since, or the
  ///   tenant's money does not hold what the target may cost; nothing leaves
  public EgressGrant grant(
      EffectiveLabel label,
      Placed placed,
      String requestId,
      String tenant,
      String model,
      int attempt,
      long nowNanos) {
    Zone farthest = Zone.nearer(label.farthestZone(), ceilingNow(label.caller()));
    if (placed.target().zone().isFartherThan(farthest)
        && !placed.target().zone().isFartherThan(label.farthestZone())) {
      throw new GrantDeniedException(
          Failures.of(Reason.NO_TARGET_IN_ZONE, "the key may not go that far any more"), true);
    }
    if (placed.target().zone().isFartherThan(farthest)) {
      throw new IllegalStateException(
          "target "
              + placed.target().name()
              + " is farther than the label; see "
              + ZoneScreen.class.getSimpleName());
    }
    pay(label, placed.target(), model, attempt);
    return new EgressGrant(
        requestId,
        attempt,
        placed.target(),
        label,
        tenant,
        farthest,
        nowNanos + GRANT_LIFETIME_NANOS);
  }

  /// An attempt that was granted has ended: what it did not cost is given back.
  ///
  /// @param cut it was ended from here, and its target may have worked on it
  public void ended(EgressGrant grant, boolean cut) {
    Spending spending = grant.label().spending();
    if (spending != null) {
      spending.ended(grant.attempt(), cut);
    }
  }

  private void pay(EffectiveLabel label, TargetView target, String model, int attempt) {
    Spending spending = label.spending();
    if (spending == null) {
      return;
    }
    Upstream upstream =
        target.isUpstream() ? inForce.document.upstreams().get(target.name()) : null;
    Upstream.Model priced = upstream == null ? null : upstream.models().get(model);
    Failure refused = spending.attempt(attempt, priced == null ? Price.FREE : priced.price());
    if (refused != null) {
      throw new GrantDeniedException(refused, true);
    }
  }

  private Zone ceilingNow(Caller caller) {
    InForce now = inForce;
    String id = caller.keyId();
    if (id == null) {
      return caller.ceiling();
    }
    ApiKey key = now.keys.byId(id);
    if (key == null || problem(key) != null) {
      throw new GrantDeniedException(
          Failures.of(Reason.UNAUTHENTICATED, "the key was revoked or has expired since"), false);
    }
    return ceiling(tenant(now.document, key.tenant()), key);
  }
}
