/// How far may this prompt go? The effective label of a request is decided here once, and only from
/// it are grants made.
@NullMarked
package ringfence.router.policy;

import org.jspecify.annotations.NullMarked;
