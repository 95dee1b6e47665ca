package ringfence.router.policy.document;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A policy file that was read and is in order.
///
/// @param version SHA-256 of what was read, hexadecimal; `none` without a file
/// @param tenants by name
public record PolicyDocument(
    String version,
    Map<String, Tenant> tenants,
    List<ApiKey> keys,
    Map<String, Upstream> upstreams) {

  /// A setup without a policy file.
  public static final PolicyDocument NONE =
      new PolicyDocument("none", Map.of(), List.of(), Map.of());

  public PolicyDocument {
    tenants = Map.copyOf(tenants);
    keys = List.copyOf(keys);
    upstreams = Map.copyOf(upstreams);
  }

  /// The same policy with one of so many equal parts of every budget: that of one router of several
  /// which each count for themselves.
  public PolicyDocument withPartOfBudgets(int parts) {
    if (parts == 1) {
      return this;
    }
    Map<String, Tenant> less = HashMap.newHashMap(tenants.size());
    tenants.forEach((name, tenant) -> less.put(name, tenant.withPartOfBudgets(parts)));
    return new PolicyDocument(version, less, keys, upstreams);
  }

  /// Whether everybody is the same caller, who needs no key.
  public boolean isKeyless() {
    return version.equals(NONE.version);
  }
}
