package ringfence.node.model;

import java.util.List;

/// The choices that make an architecture. A forward pass reads these and nothing else; no
/// architecture has a forward pass of its own.
///
/// @param architecture the file's `general.architecture`
/// @param hidden elements of the residual stream
/// @param feedForward elements between gate/up and down
/// @param heads query heads
/// @param kvHeads key/value heads; divides `heads`
/// @param headSize elements of a head, the same for queries, keys and values
/// @param contextLength tokens the model was made for
/// @param normEpsilon added to the mean square in every RMS norm
/// @param activation of the gate in the feed-forward
/// @param embeddingScale what token embeddings are multiplied by (1, or sqrt(hidden) for gemma)
/// @param attentionScale what query-key products are multiplied by
/// @param layers one entry per layer
public record ModelSpec(
    String architecture,
    int hidden,
    int feedForward,
    int heads,
    int kvHeads,
    int headSize,
    int vocabulary,
    int contextLength,
    float normEpsilon,
    Activation activation,
    float embeddingScale,
    float attentionScale,
    List<LayerSpec> layers) {

  public ModelSpec {
    layers = List.copyOf(layers);
  }

  /// The same choices with other layers.
  public ModelSpec withLayers(List<LayerSpec> others) {
    return new ModelSpec(
        architecture,
        hidden,
        feedForward,
        heads,
        kvHeads,
        headSize,
        vocabulary,
        contextLength,
        normEpsilon,
        activation,
        embeddingScale,
        attentionScale,
        others);
  }

  /// Elements of all query heads.
  public int queryWidth() {
    return heads * headSize;
  }

  /// Elements of all key (or value) heads.
  public int kvWidth() {
    return kvHeads * headSize;
  }

  /// What differs from layer to layer.
  ///
  /// @param window how many positions back a token sees, itself included; 0 is all of them
  public record LayerSpec(Rope rope, int window) {}

  /// The gate's activation.
  public enum Activation {
    /// x * sigmoid(x).
    SILU,
    /// The tanh approximation of GELU (Hendrycks and Gimpel, 2016).
    GELU_TANH
  }
}
