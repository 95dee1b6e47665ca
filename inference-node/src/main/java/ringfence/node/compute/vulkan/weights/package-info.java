/// Weight matrices as the GPU's kernels read them: repacked once at load into tiles of 16 rows and
/// 64 columns, in the order in which a subgroup's matrix fragment holds its elements.
///
/// Host memory: a matrix is repacked straight from the mapped file into a slice of the staging
/// ring, a run of row tiles at a time; nothing here keeps a copy.
@NullMarked
package ringfence.node.compute.vulkan.weights;

import org.jspecify.annotations.NullMarked;
