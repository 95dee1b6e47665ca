package ringfence.node.compute.sampling;

/// A token and the natural logarithm of its probability under the model's own distribution.
public record LogProb(int token, float logProb) {}
