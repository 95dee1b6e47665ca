package ringfence.node.compute.vulkan.matrix;

/// What results may depend on, and how far they may be from float32 ones.
public enum Arithmetic {
  /// The fastest: activations as bytes with a scale for 32 of them for few tokens, float16 for
  /// many.
  FAST,
  /// No activations as bytes: float32 for few tokens, float16 for many where that is fast.
  FLOAT,
  /// float32 throughout.
  EXACT,
  /// A token's results have the same bits whatever the number of tokens.
  DETERMINISTIC
}
