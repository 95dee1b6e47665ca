package ringfence.tls;

import java.util.Locale;

/// What a process is in the fleet, as its certificate proves it.
public enum Role {
  GATEWAY,
  ROUTER,
  NODE,
  /// A person's command line: drains nodes, looks at the fleet.
  OPERATOR;

  /// As it stands in an identity.
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
