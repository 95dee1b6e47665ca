package ringfence.router.policy.document;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Zone;

/// A key of which only the hash is known.
///
/// @param id its name for people and logs, not secret
/// @param sha256 of the key's characters, 64 hexadecimal digits
/// @param farthestZone nearer than the tenant's, or null
/// @param expires from then on it is refused; null: never
/// @param admin may call what is for operators
/// @param revoked since when it is refused; null: it is not
public record ApiKey(
    String id,
    String sha256,
    String tenant,
    @Nullable Zone farthestZone,
    @Nullable Instant expires,
    boolean admin,
    @Nullable Instant revoked) {

  @Override
  public String toString() {
    return "ApiKey[" + id + "]";
  }
}
