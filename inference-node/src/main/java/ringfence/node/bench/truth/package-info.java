/// How far a backend's next-token distributions are from those that the reference computed once: a
/// small file goes where the model's file is, and nothing else has to.
@NullMarked
package ringfence.node.bench.truth;

import org.jspecify.annotations.NullMarked;
