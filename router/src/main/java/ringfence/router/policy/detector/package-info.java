/// What in a prompt must not go far: numbers with checksums, secrets by their shape, addresses, an
/// operator's own words. Each detector is a small class;
/// [ringfence.router.policy.detector.Detectors] lists them. They see normalised text, say yes or
/// no, and keep nothing.
@NullMarked
package ringfence.router.policy.detector;

import org.jspecify.annotations.NullMarked;
