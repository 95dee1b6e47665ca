package ringfence.node.model;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.Metadata;
import ringfence.node.gguf.MetadataArray;
import ringfence.node.gguf.MetadataValue;
import ringfence.node.model.ModelSpec.LayerSpec;

/// Makes a [Model] of a file: reads the architecture's keys, checks every tensor's shape.
public final class ModelLoader {
  private static final String ARCHITECTURE_KEY = "general.architecture";
  private static final String PARTS_KEY = "split.count";
  private static final String TOKENS_KEY = "tokenizer.ggml.tokens";
  private static final int MOST_LAYERS = 1 << 12;
  private static final int WIDEST = 1 << 24;
  private static final int MOST_HEADS = 1 << 14;
  private static final int LARGEST_HEAD = 1 << 14;

  private final GgufFile file;
  private final Architecture architecture;
  private final Keys keys;

  private ModelLoader(GgufFile file) {
    this.file = file;
    this.architecture = Architecture.of(file.metadata().text(ARCHITECTURE_KEY));
    this.keys = new Keys(file.metadata(), architecture.name());
  }

  /// Reads a model. Copies the small vectors, leaves the matrices where the file is mapped.
  ///
  /// @throws GgufException when a key or tensor is missing, of the wrong type or shape, or asks for
  ///   something that is not supported; the message names it
  public static Model load(GgufFile file) {
    return new ModelLoader(file).load();
  }

  private Model load() {
    refuseVariants();
    ModelSpec spec = spec();
    Weights weights = new WeightsReader(file, architecture, spec).read();
    String name = file.metadata().text("general.name", architecture.name());
    return new Model(name, spec, weights);
  }

  /// Parts of models, and relatives of the known architectures, which compute something more.
  private void refuseVariants() {
    int parts = file.metadata().count(PARTS_KEY, 1);
    if (parts > 1) {
      throw new GgufException(
          "key '"
              + PARTS_KEY
              + "' says that this is one of "
              + parts
              + " parts of a model; join them first (llama-gguf-split --merge)");
    }
    keys.refuse("expert_count", 0, "a mixture of experts is");
    keys.refuse("attn_logit_softcapping", 0, "soft-capping of attention is");
    keys.refuse("final_logit_softcapping", 0, "soft-capping of logits is");
    keys.refuse("logit_scale", 1, "scaling of logits is");
    keys.refuse("residual_scale", 1, "scaling of residuals is");
    keys.refuse("embedding_scale", 1, "scaling of embeddings is");
    keys.refuse("attention.clamp_kqv", 0, "clamping of queries, keys and values is");
    keys.refuse("attention.temperature_scale", 0, "attention with a temperature is");
  }

  private ModelSpec spec() {
    int layers = keys.count("block_count", MOST_LAYERS);
    int hidden = keys.count("embedding_length", WIDEST);
    int heads = keys.uniformCount("attention.head_count", MOST_HEADS, layers);
    int kvHeads =
        keys.contains("attention.head_count_kv")
            ? keys.uniformCount("attention.head_count_kv", MOST_HEADS, layers)
            : heads;
    if (heads % kvHeads != 0) {
      throw keys.problem(
          "attention.head_count_kv",
          "is " + kvHeads + ", which does not divide " + heads + " heads");
    }
    int headSize = headSize(hidden, heads);
    return new ModelSpec(
        architecture.name(),
        hidden,
        keys.uniformCount("feed_forward_length", WIDEST, layers),
        heads,
        kvHeads,
        headSize,
        vocabulary(),
        keys.count("context_length", Integer.MAX_VALUE),
        keys.positive("attention.layer_norm_rms_epsilon"),
        architecture.activation(),
        architecture.scaledEmbedding() ? (float) Math.sqrt(hidden) : 1,
        attentionScale(hidden, heads, headSize, layers),
        layerSpecs(layers, new RopeReader(file, architecture, keys, headSize)));
  }

  private int headSize(int hidden, int heads) {
    if (!keys.contains("attention.key_length") && hidden % heads != 0) {
      throw keys.problem(
          "attention.head_count",
          "is " + heads + ", which does not divide " + hidden + " elements");
    }
    int headSize = keys.count("attention.key_length", 1, LARGEST_HEAD, hidden / heads);
    int valueSize = keys.count("attention.value_length", 1, LARGEST_HEAD, hidden / heads);
    if (headSize != valueSize || headSize % 2 != 0 || headSize > LARGEST_HEAD) {
      throw keys.problem(
          "attention.key_length",
          "(or what stands for it) is "
              + headSize
              + " and attention.value_length "
              + valueSize
              + "; they should be equal, even and at most "
              + LARGEST_HEAD);
    }
    return headSize;
  }

  private int vocabulary() {
    int vocabulary = WeightsReader.vocabulary(file);
    Metadata metadata = file.metadata();
    MetadataArray tokens = metadata.findArray(TOKENS_KEY);
    if (tokens != null && tokens.size() != vocabulary) {
      throw new GgufException(
          "key '"
              + TOKENS_KEY
              + "' has "
              + tokens.size()
              + " tokens and tensor 'token_embd.weight' "
              + vocabulary
              + " rows; they should be as many");
    }
    return vocabulary;
  }

  private float attentionScale(int hidden, int heads, int headSize, int layers) {
    boolean wide = layers == architecture.layersWithWideScale();
    float usual = (float) (1 / Math.sqrt(wide ? hidden / heads : headSize));
    return keys.positive("attention.scale", usual);
  }

  private List<LayerSpec> layerSpecs(int layers, RopeReader ropes) {
    Rope global = ropes.global();
    int window =
        architecture.windowPeriod() == 0
            ? 0
            : keys.count("attention.sliding_window", 0, Integer.MAX_VALUE, 0);
    List<LayerSpec> specs = new ArrayList<>(layers);
    if (window == 0) {
      for (int layer = 0; layer < layers; layer++) {
        specs.add(new LayerSpec(global, 0));
      }
      return specs;
    }
    Rope local = ropes.local();
    for (int layer = 0; layer < layers; layer++) {
      specs.add(windowed(layer, layers) ? new LayerSpec(local, window) : new LayerSpec(global, 0));
    }
    return specs;
  }

  /// The file gives a period, or one flag a layer.
  private boolean windowed(int layer, int layers) {
    String key = "attention.sliding_window_pattern";
    if (keys.find(key) instanceof MetadataValue.Elements(MetadataArray flags)) {
      if (flags.size() < layers) {
        throw keys.problem(key, "has " + flags.size() + " entries for " + layers + " layers");
      }
      return flags.flag(layer);
    }
    int period = keys.count(key, 1, Integer.MAX_VALUE, architecture.windowPeriod());
    return (layer + 1) % period != 0;
  }
}
