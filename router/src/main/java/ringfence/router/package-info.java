/// The router: fleet membership, policy, placement, dispatch, resume, ledger, events. The only
/// process that opens channels to nodes and upstreams.
@NullMarked
package ringfence.router;

import org.jspecify.annotations.NullMarked;
