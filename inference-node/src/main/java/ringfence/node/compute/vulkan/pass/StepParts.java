package ringfence.node.compute.vulkan.pass;

import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.model.ModelSpec;

/// What the steps of a model on a device are made of.
///
/// @param activations where they stand between phases
/// @param front layers before these, which the processor computes; null: none
record StepParts(
    Pipelines pipelines,
    ModelSpec spec,
    DeviceWeights weights,
    Matrices matrices,
    PassKernels kernels,
    Activations activations,
    AttentionRecorder attention,
    @Nullable Front front) {}
