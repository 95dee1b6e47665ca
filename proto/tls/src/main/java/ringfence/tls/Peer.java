package ringfence.tls;

import org.jspecify.annotations.Nullable;

/// Who has to be at the other end of a connection.
///
/// @param exactly null: any process of that role
public record Peer(Role role, @Nullable ProcessIdentity exactly) {

  /// Any process of a role.
  public static Peer any(Role role) {
    return new Peer(role, null);
  }

  /// That process and no other.
  public static Peer exactly(ProcessIdentity identity) {
    return new Peer(identity.role(), identity);
  }

  /// Whether whoever proves that may be there.
  public boolean accepts(ProcessIdentity proven) {
    return exactly == null ? proven.role() == role : proven.equals(exactly);
  }

  @Override
  public String toString() {
    return exactly == null ? "any " + role.word() : exactly.toString();
  }
}
