package ringfence.node.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.Tensor;

/// Finds a model's tensors by their names and holds each to the shape that the spec asks for.
final class WeightsReader {
  private static final String EMBEDDING = "token_embd.weight";
  private static final String OUTPUT = "output.weight";

  private final GgufFile file;
  private final Architecture architecture;
  private final ModelSpec spec;
  private final Set<String> used = new HashSet<>();

  WeightsReader(GgufFile file, Architecture architecture, ModelSpec spec) {
    this.file = file;
    this.architecture = architecture;
    this.spec = spec;
  }

  /// Numbers of tokens that the embedding has.
  static int vocabulary(GgufFile file) {
    Tensor embedding = file.tensor(EMBEDDING);
    if (embedding.rows() > Integer.MAX_VALUE) {
      throw new GgufException("tensor '" + EMBEDDING + "' has " + embedding.rows() + " rows");
    }
    return (int) embedding.rows();
  }

  Weights read() {
    Tensor embedding = matrix(EMBEDDING, spec.vocabulary(), spec.hidden());
    Tensor output =
        file.find(OUTPUT) == null ? embedding : matrix(OUTPUT, spec.vocabulary(), spec.hidden());
    float[] outputNorm = vector("output_norm.weight", spec.hidden());
    List<Weights.Layer> layers = new ArrayList<>();
    for (int layer = 0; layer < spec.layers().size(); layer++) {
      layers.add(layer("blk." + layer + "."));
    }
    refuseUnused();
    return new Weights(embedding, outputNorm, output, layers);
  }

  private Weights.Layer layer(String prefix) {
    int hidden = spec.hidden();
    int queries = spec.queryWidth();
    int keys = spec.kvWidth();
    int head = spec.headSize();
    boolean headNorms = architecture.headNorms();
    boolean postNorms = architecture.postNorms();
    return new Weights.Layer(
        vector(prefix + "attn_norm.weight", hidden),
        matrix(prefix + "attn_q.weight", queries, hidden),
        matrix(prefix + "attn_k.weight", keys, hidden),
        matrix(prefix + "attn_v.weight", keys, hidden),
        matrix(prefix + "attn_output.weight", hidden, queries),
        bias(prefix + "attn_q.bias", queries),
        bias(prefix + "attn_k.bias", keys),
        bias(prefix + "attn_v.bias", keys),
        headNorms ? vector(prefix + "attn_q_norm.weight", head) : null,
        headNorms ? vector(prefix + "attn_k_norm.weight", head) : null,
        postNorms ? vector(prefix + "post_attention_norm.weight", hidden) : null,
        vector(prefix + "ffn_norm.weight", hidden),
        matrix(prefix + "ffn_gate.weight", spec.feedForward(), hidden),
        matrix(prefix + "ffn_up.weight", spec.feedForward(), hidden),
        matrix(prefix + "ffn_down.weight", hidden, spec.feedForward()),
        postNorms ? vector(prefix + "post_ffw_norm.weight", hidden) : null);
  }

  private Tensor matrix(String name, int rows, int columns) {
    Tensor tensor = file.tensor(name);
    if (tensor.rows() != rows || tensor.columns() != columns) {
      throw misshapen(tensor, columns, rows);
    }
    used.add(name);
    return tensor;
  }

  private float[] vector(String name, int length) {
    float[] vector = new float[length];
    Dequantizer.row(matrix(name, 1, length), 0, vector, 0);
    return vector;
  }

  private float @Nullable [] bias(String name, int length) {
    return architecture.biases() || file.find(name) != null ? vector(name, length) : null;
  }

  /// A tensor that nothing here reads is a part of the model that would be left out without a word.
  private void refuseUnused() {
    for (Tensor tensor : file.tensors()) {
      boolean factors =
          architecture.frequencyFactors() && tensor.name().equals("rope_freqs.weight");
      if (!used.contains(tensor.name()) && !factors) {
        throw new GgufException(
            "tensor "
                + GgufException.quoted(tensor.name())
                + " is no part of a "
                + architecture.name()
                + " model as known here; this variant is not supported");
      }
    }
  }

  static GgufException misshapen(Tensor tensor, long columns, long rows) {
    return new GgufException(
        "tensor "
            + GgufException.quoted(tensor.name())
            + " has "
            + tensor.columns()
            + " columns and "
            + tensor.rows()
            + " rows; "
            + columns
            + " columns and "
            + rows
            + " rows are expected");
  }
}
