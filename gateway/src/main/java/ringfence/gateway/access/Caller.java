package ringfence.gateway.access;

import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Zone;

/// Whoever asks. Who that is, and what the key allows, is the router's policy to say.
///
/// @param credentials go to the router and nowhere else
/// @param ceiling the farthest zone of any request of this gateway
public record Caller(Credentials credentials, Zone ceiling) {

  @Override
  public String toString() {
    return "Caller[source=" + credentials.getSource() + "]";
  }
}
