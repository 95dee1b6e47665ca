/// What people may see of the fleet, the policy and the keys, and what an admin may do there by way
/// of a gateway's page. Nothing here decides where a request runs.
@NullMarked
package ringfence.router.overview;

import org.jspecify.annotations.NullMarked;
