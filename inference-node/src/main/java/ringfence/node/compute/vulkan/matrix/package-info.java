/// Products of weight matrices and activations: which kernel computes which, and its arguments.
///
/// - `matvec.comp` for one token, and for up to 4 where there are no fragments, with packed integer
///   dot products or in float32;
/// - `fragment.comp` for more, with cooperative matrices;
/// - `matmul.comp` for any number on any device.
///
/// [Matrices] chooses, by the sizes in [Tuning].
@NullMarked
package ringfence.node.compute.vulkan.matrix;

import org.jspecify.annotations.NullMarked;
