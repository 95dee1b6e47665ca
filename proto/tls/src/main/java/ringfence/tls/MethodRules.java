package ringfence.tls;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// Which roles may call which methods of a service. What no rule names is open to nobody.
public final class MethodRules {
  private final Map<String, Set<Role>> roles;

  private MethodRules(Map<String, Set<Role>> roles) {
    this.roles = roles;
  }

  /// No rule yet.
  public static MethodRules none() {
    return new MethodRules(Map.of());
  }

  /// These and a further one.
  ///
  /// @param methods bare names, such as `Generate`
  public MethodRules and(Role role, String... methods) {
    Map<String, Set<Role>> more = new HashMap<>(roles);
    for (String method : methods) {
      Set<Role> both = EnumSet.of(role);
      both.addAll(more.getOrDefault(method, Set.of()));
      more.put(method, both);
    }
    return new MethodRules(more);
  }

  /// Who may call a method.
  public Set<Role> of(String method) {
    return roles.getOrDefault(method, Set.of());
  }
}
