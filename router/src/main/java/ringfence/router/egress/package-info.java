/// The only room with a door: every channel to a target is opened and kept here, and only against
/// an [ringfence.router.policy.EgressGrant].
@NullMarked
package ringfence.router.egress;

import org.jspecify.annotations.NullMarked;
