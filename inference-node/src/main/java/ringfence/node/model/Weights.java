package ringfence.node.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.node.gguf.Tensor;

/// A model's numbers. Matrices stay as the file has them (`[rows = outputs, columns = inputs]`);
/// vectors are small and are float32.
///
/// @param tokenEmbedding `[vocabulary, hidden]`
/// @param outputNorm `[hidden]`
/// @param output `[vocabulary, hidden]`; the token embedding itself where they are tied
public record Weights(
    Tensor tokenEmbedding, float[] outputNorm, Tensor output, List<Layer> layers) {

  public Weights {
    layers = List.copyOf(layers);
  }

  /// One layer. Biases and extra norms are null where the architecture has none.
  ///
  /// @param query `[heads * headSize, hidden]`
  /// @param key `[kvHeads * headSize, hidden]`
  /// @param value `[kvHeads * headSize, hidden]`
  /// @param attentionOutput `[hidden, heads * headSize]`
  /// @param queryNorm RMS norm weight of each query head before RoPE, `[headSize]`
  /// @param keyNorm RMS norm weight of each key head before RoPE, `[headSize]`
  /// @param postAttentionNorm applied to the attention's output before it is added (gemma),
  ///   `[hidden]`
  /// @param gate `[feedForward, hidden]`
  /// @param up `[feedForward, hidden]`
  /// @param down `[hidden, feedForward]`
  /// @param postFeedForwardNorm applied to the feed-forward's output before it is added (gemma),
  ///   `[hidden]`
  public record Layer(
      float[] attentionNorm,
      Tensor query,
      Tensor key,
      Tensor value,
      Tensor attentionOutput,
      float @Nullable [] queryBias,
      float @Nullable [] keyBias,
      float @Nullable [] valueBias,
      float @Nullable [] queryNorm,
      float @Nullable [] keyNorm,
      float @Nullable [] postAttentionNorm,
      float[] feedForwardNorm,
      Tensor gate,
      Tensor up,
      Tensor down,
      float @Nullable [] postFeedForwardNorm) {}
}
