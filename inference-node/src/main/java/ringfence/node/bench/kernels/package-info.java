/// The GPU's matrix kernels by themselves: whether their results are right, and how fast each
/// variant is. What `bench --check-kernels` and `bench --kernels` run.
@NullMarked
package ringfence.node.bench.kernels;

import org.jspecify.annotations.NullMarked;
