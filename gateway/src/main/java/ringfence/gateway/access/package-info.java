/// Who may ask, from where, and how far: API keys, Host and Origin checks, zone ceilings, limits on
/// what runs at once.
@NullMarked
package ringfence.gateway.access;

import org.jspecify.annotations.NullMarked;
