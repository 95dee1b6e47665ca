package ringfence.node.compute.reference;

import java.util.function.BooleanSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Logits;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Weights;

/// The forward pass in float32 with float64 sums, on dequantised weights: the oracle. Results
/// depend neither on the batch nor on the number of threads nor on the machine.
public final class ReferenceBackend implements Backend {
  private final ModelSpec spec;
  private final Weights weights;
  private final BackendOptions options;
  private final Workers workers;
  private final MatrixProduct product;
  private final KvPages kv;
  private final Attention attention;

  private ReferenceBackend(Model model, BackendOptions options) {
    this.spec = model.spec();
    this.weights = model.weights();
    this.options = options;
    this.workers = new Workers(options.threads());
    this.product = new MatrixProduct(workers);
    this.kv = new KvPages(spec, options);
    this.attention = new Attention(spec, kv, workers);
  }

  /// Allocates the KV pages and starts the workers.
  ///
  /// @throws IllegalArgumentException when an option is below 1
  public static ReferenceBackend open(Model model, BackendOptions options) {
    if (options.pages() < 1
        || options.pageTokens() < 1
        || options.maxBatchTokens() < 1
        || options.threads() < 1) {
      throw new IllegalArgumentException("all of these should be at least 1: " + options);
    }
    return new ReferenceBackend(model, options);
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    check(batch);
    int tokens = batch.tokens();
    logits.resize(batch.outputs());
    if (tokens == 0) {
      return true;
    }
    float[] stream = embed(batch, tokens);
    for (int layer = 0; layer < spec.layers().size(); layer++) {
      if (unwanted.getAsBoolean()) {
        return false;
      }
      attentionBlock(layer, batch, stream);
      feedForwardBlock(weights.layers().get(layer), stream, tokens);
    }
    output(batch, stream, logits);
    return true;
  }

  private float[] embed(Batch batch, int tokens) {
    float[] stream = new float[Math.multiplyExact(spec.hidden(), tokens)];
    float[] row = new float[spec.hidden()];
    int t = 0;
    for (Batch.Run run : batch.runs()) {
      for (int token : run.tokens()) {
        Dequantizer.row(weights.tokenEmbedding(), token, row, 0);
        for (int e = 0; e < row.length; e++) {
          stream[e * tokens + t] = row[e] * spec.embeddingScale();
        }
        t++;
      }
    }
    return stream;
  }

  private void attentionBlock(int layer, Batch batch, float[] stream) {
    Weights.Layer each = weights.layers().get(layer);
    int tokens = batch.tokens();
    float epsilon = spec.normEpsilon();
    float[] normed = new float[stream.length];
    Pointwise.norm(stream, each.attentionNorm(), epsilon, 1, tokens, normed);

    float[] queries = new float[Math.multiplyExact(spec.queryWidth(), tokens)];
    float[] keys = new float[Math.multiplyExact(spec.kvWidth(), tokens)];
    float[] values = new float[keys.length];
    product.multiply(each.query(), each.queryBias(), normed, tokens, queries);
    product.multiply(each.key(), each.keyBias(), normed, tokens, keys);
    product.multiply(each.value(), each.valueBias(), normed, tokens, values);
    if (each.queryNorm() != null) {
      Pointwise.norm(queries, each.queryNorm(), epsilon, spec.heads(), tokens, queries);
    }
    if (each.keyNorm() != null) {
      Pointwise.norm(keys, each.keyNorm(), epsilon, spec.kvHeads(), tokens, keys);
    }
    var rope = spec.layers().get(layer).rope();
    Rotation.rotate(rope, batch, queries, spec.heads(), spec.headSize());
    Rotation.rotate(rope, batch, keys, spec.kvHeads(), spec.headSize());
    remember(layer, batch, keys, values);

    float[] attended = new float[queries.length];
    attention.attend(layer, batch, queries, attended);
    float[] out = new float[stream.length];
    product.multiply(each.attentionOutput(), null, attended, tokens, out);
    if (each.postAttentionNorm() != null) {
      Pointwise.norm(out, each.postAttentionNorm(), epsilon, 1, tokens, out);
    }
    Pointwise.add(stream, out, stream.length);
  }

  private void remember(int layer, Batch batch, float[] keys, float[] values) {
    int tokens = batch.tokens();
    int t = 0;
    for (Batch.Run run : batch.runs()) {
      for (int i = 0; i < run.tokens().length; i++) {
        int position = run.position() + i;
        int page = run.pages()[position / kv.pageTokens()];
        kv.write(layer, page, position % kv.pageTokens(), keys, values, t++, tokens);
      }
    }
  }

  private void feedForwardBlock(Weights.Layer layer, float[] stream, int tokens) {
    float epsilon = spec.normEpsilon();
    float[] normed = new float[stream.length];
    Pointwise.norm(stream, layer.feedForwardNorm(), epsilon, 1, tokens, normed);
    float[] gate = new float[Math.multiplyExact(spec.feedForward(), tokens)];
    float[] up = new float[gate.length];
    product.multiply(layer.gate(), null, normed, tokens, gate);
    product.multiply(layer.up(), null, normed, tokens, up);
    workers.split(gate.length, (from, to) -> Pointwise.gate(spec.activation(), gate, up, from, to));
    float[] out = new float[stream.length];
    product.multiply(layer.down(), null, gate, tokens, out);
    if (layer.postFeedForwardNorm() != null) {
      Pointwise.norm(out, layer.postFeedForwardNorm(), epsilon, 1, tokens, out);
    }
    Pointwise.add(stream, out, stream.length);
  }

  /// The vocabulary's scores, for the tokens that want them alone.
  private void output(Batch batch, float[] stream, Logits logits) {
    int outputs = batch.outputs();
    if (outputs == 0) {
      return;
    }
    int tokens = batch.tokens();
    float[] wanted = new float[Math.multiplyExact(spec.hidden(), outputs)];
    int first = 0;
    int output = 0;
    for (Batch.Run run : batch.runs()) {
      int end = first + run.tokens().length;
      for (int t = end - run.outputs(); t < end; t++) {
        for (int e = 0; e < spec.hidden(); e++) {
          wanted[e * outputs + output] = stream[e * tokens + t];
        }
        output++;
      }
      first = end;
    }
    Pointwise.norm(wanted, weights.outputNorm(), spec.normEpsilon(), 1, outputs, wanted);
    product.multiply(
        weights.output(),
        null,
        wanted,
        outputs,
        (row, sums) -> {
          for (int o = 0; o < outputs; o++) {
            logits.row(o)[row] = (float) sums[o];
          }
        });
  }

  private void check(Batch batch) {
    if (batch.tokens() > options.maxBatchTokens()) {
      throw new IllegalArgumentException(
          batch.tokens() + " tokens in a batch for at most " + options.maxBatchTokens());
    }
    for (Batch.Run run : batch.runs()) {
      int length = run.tokens().length;
      if (length == 0 || run.outputs() < 0 || run.outputs() > length || run.position() < 0) {
        throw new IllegalArgumentException(
            "a run of " + length + " tokens at " + run.position() + " wants " + run.outputs());
      }
      long room = (long) run.pages().length * kv.pageTokens();
      if (run.position() + (long) length > room) {
        throw new IllegalArgumentException(
            "a run ends at " + (run.position() + (long) length) + ", its pages at " + room);
      }
      for (int page : run.pages()) {
        checkPage(page);
      }
      for (int token : run.tokens()) {
        if (token < 0 || token >= spec.vocabulary()) {
          throw new IllegalArgumentException(
              "token " + token + " of a vocabulary of " + spec.vocabulary());
        }
      }
    }
  }

  private void checkPage(int page) {
    if (page < 0 || page >= kv.pages()) {
      throw new IllegalArgumentException("page " + page + " of " + kv.pages());
    }
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    checkPage(from);
    checkPage(to);
    if (tokens < 0 || tokens > kv.pageTokens()) {
      throw new IllegalArgumentException(tokens + " tokens of a page of " + kv.pageTokens());
    }
    kv.copy(from, to, tokens);
  }

  @Override
  public int pages() {
    return kv.pages();
  }

  @Override
  public int pageTokens() {
    return kv.pageTokens();
  }

  @Override
  public int maxBatchTokens() {
    return options.maxBatchTokens();
  }

  @Override
  public String numerics() {
    return "reference-f32-v1";
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public String device() {
    return options.threads() + " threads of " + System.getProperty("os.arch");
  }

  @Override
  public void close() {
    workers.close();
  }
}
