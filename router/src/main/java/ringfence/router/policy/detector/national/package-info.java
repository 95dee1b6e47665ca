/// Numbers that states give to people, each with its own check.
@NullMarked
package ringfence.router.policy.detector.national;

import org.jspecify.annotations.NullMarked;
