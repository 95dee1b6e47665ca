/// The forward pass written to be read: the oracle that every other backend is held to.
///
/// Activations lie as `[elements, tokens]`, one element of all tokens side by side, so that the
/// inner loop of every matrix product runs over tokens and the compiler turns it into vector
/// instructions.
///
/// Values between operations are float32, as in the model that is the truth (PyPI `transformers` in
/// float32); sums are float64. A float32 sum's error depends on its order, which nobody else
/// shares; a float64 sum is the right one rounded once, whatever the order, so that a difference
/// from this backend is the other one's own.
@NullMarked
package ringfence.node.compute.reference;

import org.jspecify.annotations.NullMarked;
