/// What tenants may use and have used: reserved before a request is dispatched, settled after.
@NullMarked
package ringfence.router.policy.budget;

import org.jspecify.annotations.NullMarked;
