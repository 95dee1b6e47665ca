/// The fast backend: float32 arithmetic on the Vector API, weights read in place from the mapped
/// file. A few rows at a time are unpacked to float32 in the nearest cache and multiplied with all
/// the batch's tokens; one token or five hundred, every output is summed by the same operations in
/// the same order, so a token's bits depend on its own sequence alone.
///
/// Memory: the weights' arena belongs to whoever mapped the file and must outlive the backend. KV
/// pages live in an arena of the backend's own, each taken at first use, all given back by `close`.
@NullMarked
package ringfence.node.compute.cpu;

import org.jspecify.annotations.NullMarked;
