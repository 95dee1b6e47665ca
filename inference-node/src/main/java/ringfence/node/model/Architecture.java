package ringfence.node.model;

import java.util.List;
import java.util.stream.Collectors;
import ringfence.node.gguf.GgufException;
import ringfence.node.model.ModelSpec.Activation;
import ringfence.node.model.Rope.Pairing;

/// What a name in `general.architecture` decides; everything else is read from the file's keys and
/// tensors. A new architecture that differs in these choices alone is one more row of the table.
///
/// @param pairing which elements RoPE turns together
/// @param activation of the gate in the feed-forward
/// @param biases queries, keys and values must have biases (elsewhere they may)
/// @param headNorms query and key heads have RMS norms of their own
/// @param postNorms attention and feed-forward have norms before their outputs are added
/// @param scaledEmbedding token embeddings are multiplied by sqrt(hidden)
/// @param frequencyFactors the file may hold a divisor for each of RoPE's frequencies
///   (`rope_freqs.weight`, Llama 3.1)
/// @param windowPeriod every this many layers one attends to all positions and the others to a
///   window, unless the file says otherwise; 0 where all attend to all
/// @param layersWithWideScale of a model whose attention is scaled by 1/sqrt(hidden / heads) and
///   not by 1/sqrt(headSize): the files do not say (Gemma 3 27B is known by its 62 layers); 0 for
///   none
record Architecture(
    String name,
    Pairing pairing,
    Activation activation,
    boolean biases,
    boolean headNorms,
    boolean postNorms,
    boolean scaledEmbedding,
    boolean frequencyFactors,
    int windowPeriod,
    int layersWithWideScale) {

  private static final List<Architecture> KNOWN =
      List.of(
          new Architecture(
              "llama", Pairing.ADJACENT, Activation.SILU, false, false, false, false, true, 0, 0),
          new Architecture(
              "qwen2", Pairing.HALVES, Activation.SILU, true, false, false, false, false, 0, 0),
          new Architecture(
              "qwen3", Pairing.HALVES, Activation.SILU, false, true, false, false, false, 0, 0),
          new Architecture(
              "gemma3",
              Pairing.HALVES,
              Activation.GELU_TANH,
              false,
              true,
              true,
              true,
              false,
              6,
              62));

  /// The architecture of a name.
  ///
  /// @throws GgufException that lists the known ones when there is none
  static Architecture of(String name) {
    for (Architecture architecture : KNOWN) {
      if (architecture.name.equals(name)) {
        return architecture;
      }
    }
    throw new GgufException(
        "the architecture is "
            + GgufException.quoted(name)
            + ", which is not known here; known are "
            + KNOWN.stream().map(Architecture::name).collect(Collectors.joining(", ")));
  }
}
