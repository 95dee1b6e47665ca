package ringfence.router.policy.document;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.routing.Zone;

/// Reads a policy file and the keys file beside it. README.md describes what may stand in them.
public final class PolicyReader {
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
  static final String NAME_RULE = "1 to 64 letters, digits, '_', '-' or '.'";
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final int MAX_TENANTS = 10_000;
  private static final int MAX_KEYS = 10_000;
  private static final Duration MAX_WAIT = Duration.ofHours(1);

  private final Map<String, Tenant> tenants = new LinkedHashMap<>();
  private final List<ApiKey> keys = new ArrayList<>();
  private final Set<String> keyIds = new HashSet<>();
  private final Map<String, String> idsByHash = new HashMap<>();
  private Map<String, Upstream> upstreams = Map.of();

  private PolicyReader() {}

  /// A file's name, for messages, and its text.
  public record Source(String name, String text) {}

  /// Reads both.
  ///
  /// @param version of the two texts
  /// @param keys the keys file, or null where there is none
  public static PolicyDocument read(Source policy, @Nullable Source keys, String version)
      throws PolicyFileException {
    PolicyReader reader = new PolicyReader();
    reader.policy(policy);
    if (keys != null) {
      reader.keysFile(keys);
    }
    return new PolicyDocument(version, reader.tenants, reader.keys, reader.upstreams);
  }

  private void policy(Source source) throws PolicyFileException {
    YamlValue root = YamlValue.parse(source.name(), source.text());
    if (root == null) {
      throw new PolicyFileException(source.name() + ": empty; it needs the key 'tenants'");
    }
    YamlMap top = root.map();
    for (YamlValue tenant : top.get("tenants").list(MAX_TENANTS)) {
      tenant(tenant);
    }
    keys(top);
    YamlValue list = top.find("upstreams");
    if (list != null) {
      upstreams = UpstreamReader.read(list);
    }
    top.end();
    if (tenants.isEmpty()) {
      throw new PolicyFileException(source.name() + ": tenants: expected at least one");
    }
  }

  private void keysFile(Source source) throws PolicyFileException {
    YamlValue root = YamlValue.parse(source.name(), source.text());
    if (root != null) {
      YamlMap top = root.map();
      keys(top);
      top.end();
    }
  }

  private void tenant(YamlValue value) throws PolicyFileException {
    YamlMap map = value.map();
    YamlValue nameValue = map.get("name");
    String name = nameValue.matching(NAME, NAME_RULE);
    Zone farthest = map.get("farthest-zone").oneOf(Zone.class);
    YamlValue maxWait = map.find("max-wait");
    Duration wait = maxWait == null ? Duration.ZERO : duration(maxWait, MAX_WAIT);
    List<BudgetLimit> budgets = budgets(map.find("budgets"));
    DetectorRules detectors = DetectorRulesReader.read(map.find("detectors"));
    map.end();
    Tenant tenant = new Tenant(name, farthest, wait, budgets, detectors);
    if (tenants.put(name, tenant) != null) {
      throw nameValue.wrong("there are two tenants of this name");
    }
  }

  private static List<BudgetLimit> budgets(@Nullable YamlValue list) throws PolicyFileException {
    List<BudgetLimit> budgets = new ArrayList<>();
    if (list == null) {
      return budgets;
    }
    Set<Window> seen = EnumSet.noneOf(Window.class);
    for (YamlValue value : list.list(Window.values().length)) {
      YamlMap map = value.map();
      YamlValue windowValue = map.get("window");
      Window window = windowValue.oneOf(Window.class);
      YamlValue requests = map.find("requests");
      YamlValue tokens = map.find("tokens");
      YamlValue money = map.find("money");
      map.end();
      if (!seen.add(window)) {
        throw windowValue.wrong("there are two budgets of this window");
      }
      if (requests == null && tokens == null && money == null) {
        throw value.wrong("expected requests, tokens or money");
      }
      budgets.add(
          new BudgetLimit(
              window,
              requests == null ? null : Long.valueOf(requests.integer(0, 1L << 50)),
              tokens == null ? null : Long.valueOf(tokens.integer(0, 1L << 50)),
              money == null ? null : Long.valueOf(money(money, 9))));
    }
    return budgets;
  }

  private void keys(YamlMap top) throws PolicyFileException {
    YamlValue list = top.find("keys");
    if (list == null) {
      return;
    }
    for (YamlValue value : list.list(MAX_KEYS)) {
      key(value);
    }
    if (keys.size() > MAX_KEYS) {
      throw list.wrong("expected at most " + MAX_KEYS + " keys, the keys file's included");
    }
  }

  private void key(YamlValue value) throws PolicyFileException {
    YamlMap map = value.map();
    YamlValue idValue = map.get("id");
    String id = idValue.matching(NAME, NAME_RULE);
    YamlValue hashValue = map.get("sha256");
    String hash = hashValue.literal("the key's SHA-256");
    if (!SHA256.matcher(hash).matches()) {
      throw hashValue.wrong(
          "expected the key's SHA-256, 64 hexadecimal digits in lower case, not the key itself");
    }
    YamlValue tenantValue = map.get("tenant");
    String tenant = tenantValue.text();
    Tenant owner = tenants.get(tenant);
    if (owner == null) {
      throw tenantValue.wrong(
          "there is no tenant '"
              + YamlValue.quoted(tenant)
              + "'; there are: "
              + YamlValue.quoted(String.join(", ", tenants.keySet())));
    }
    YamlValue zoneValue = map.find("farthest-zone");
    Zone zone = zoneValue == null ? null : zoneValue.oneOf(Zone.class);
    if (zoneValue != null && zone != null && zone.isFartherThan(owner.farthestZone())) {
      throw zoneValue.wrong(
          "farther than the tenant's "
              + owner.farthestZone().name().toLowerCase(java.util.Locale.ROOT)
              + "; a key can only come nearer");
    }
    YamlValue expires = map.find("expires");
    YamlValue admin = map.find("admin");
    YamlValue revoked = map.find("revoked");
    ApiKey key =
        new ApiKey(
            id,
            hash,
            tenant,
            zone,
            expires == null ? null : moment(expires),
            admin != null && admin.bool(),
            revoked == null ? null : moment(revoked));
    map.end();
    if (!keyIds.add(id)) {
      throw idValue.wrong("there are two keys of this id");
    }
    String other = idsByHash.put(hash, id);
    if (other != null) {
      throw hashValue.wrong("this is also the key '" + other + "'");
    }
    keys.add(key);
  }

  private static Instant moment(YamlValue value) throws PolicyFileException {
    return value.parsed(
        "a time such as 2027-01-31T00:00:00Z or a day such as 2027-01-31",
        text ->
            text.length() == 10
                ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC)
                : Instant.parse(text));
  }

  static Duration duration(YamlValue value, Duration most) throws PolicyFileException {
    Duration duration =
        value.parsed(
            "a time such as 800ms, 2s or 1m",
            text -> {
              var matcher = Pattern.compile("(\\d{1,9})(ms|s|m|h)").matcher(text);
              if (!matcher.matches()) {
                throw new IllegalArgumentException();
              }
              long number = Long.parseLong(matcher.group(1));
              return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                default -> Duration.ofHours(number);
              };
            });
    if (duration.compareTo(most) > 0) {
      throw value.wrong("expected at most " + most.toSeconds() + "s");
    }
    return duration;
  }

  /// An amount of the currency in units of 10^-digits of it.
  static long money(YamlValue value, int digits) throws PolicyFileException {
    long amount =
        value.parsed(
            "an amount with at most " + digits + " decimals, below 1000000000",
            text -> new BigDecimal(text).movePointRight(digits).longValueExact());
    if (amount < 0 || amount > 1_000_000_000_000_000_000L) {
      throw value.wrong("expected an amount of 0 to 1000000000");
    }
    return amount;
  }
}
