package ringfence.router.policy;

import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.Tenant;
import ringfence.router.routing.Zone;

/// Who asks, as the policy knows it.
///
/// @param tenant the keyless tenant's name is empty
/// @param keyId the key's name, not secret; null in a keyless setup
/// @param ceiling the farthest zone of tenant and key
/// @param admin may call what is for operators
public record Caller(String tenant, @Nullable String keyId, Zone ceiling, boolean admin)
    implements Identity {

  /// The one caller of a setup without a policy file.
  ///
  /// @param tenant as the gateway names it
  public static Caller keyless(String tenant) {
    return new Caller(tenant, null, Tenant.KEYLESS.farthestZone(), true);
  }
}
