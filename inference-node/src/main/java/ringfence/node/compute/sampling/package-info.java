/// The next token from a row of logits: what is asked for ([Draw]), what comes of it ([Drawn]), and
/// the drawing itself on the host ([Sampler]), to which every device's is held.
@NullMarked
package ringfence.node.compute.sampling;

import org.jspecify.annotations.NullMarked;
