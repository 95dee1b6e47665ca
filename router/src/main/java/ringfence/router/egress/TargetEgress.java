package ringfence.router.egress;

import ringfence.proto.v1.GenerationRequest;
import ringfence.router.policy.EgressGrant;

/// The way out to targets of both kinds.
public record TargetEgress(GrpcEgress nodes, UpstreamEgress upstreams) implements Egress {

  @Override
  public AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remainingNanos, AttemptListener listener) {
    return to(grant).open(grant, request, remainingNanos, listener);
  }

  @Override
  public void abandon(EgressGrant grant) {
    to(grant).abandon(grant);
  }

  private Egress to(EgressGrant grant) {
    return grant.target().isUpstream() ? upstreams : nodes;
  }
}
