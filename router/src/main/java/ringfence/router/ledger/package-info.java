/// What left the site, when, and to whom, in a chain that shows tampering. A [LedgerReceipt] exists
/// only for a record that is durable; `egress` lets no byte out to a farther zone without one.
@NullMarked
package ringfence.router.ledger;

import org.jspecify.annotations.NullMarked;
