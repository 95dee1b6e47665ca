package ringfence.node.compute.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Logits;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Rope;
import ringfence.node.model.Weights;

/// The forward pass, in phases that all workers share. Between phases lie the activations of every
/// token of the batch; they are allocated once.
final class Pass {
  /// Rows of a chunk are a multiple of it, so that tiles of four rows fill up.
  private static final int ROW_STEP = 8;

  /// Chunks a phase is cut into, per worker: enough that a slow worker's rest is taken over.
  private static final int CHUNKS_PER_WORKER = 4;

  private final ModelSpec spec;
  private final Weights weights;
  private final Matrix embedding;
  private final Matrix output;
  private final List<LayerMatrices> layers = new ArrayList<>();
  private final List<Rotation> rotations = new ArrayList<>();
  private final List<Rotation> layerRotations = new ArrayList<>();
  private final KvStore store;
  private final Attention attention;
  private final Workers workers;
  private final Scratch[] scratch;

  // Strides of the rows below, in numbers: each a whole number of vectors.
  private final int hiddenStride;
  private final int feedForwardStride;
  private final int attendedStride;

  // [token][...]
  private final float[] residual;
  private final float[] normed;
  private final float[] queries;
  private final float[] keys;
  private final float[] values;
  private final float[] attended;
  private final float[] gate;
  private final float[] up;
  private final float[] branch;

  Pass(ModelSpec spec, Weights weights, BackendOptions options, KvStore store, Workers workers) {
    this.spec = spec;
    this.weights = weights;
    this.store = store;
    this.workers = workers;
    this.attention = new Attention(spec, store);
    this.embedding = Matrix.of(weights.tokenEmbedding());
    this.output = Matrix.of(weights.output());
    int tokens = options.maxBatchTokens();
    for (Weights.Layer layer : weights.layers()) {
      layers.add(LayerMatrices.of(layer));
    }
    List<Rope> ropes = new ArrayList<>();
    for (ModelSpec.LayerSpec layer : spec.layers()) {
      int known = ropes.indexOf(layer.rope());
      if (known < 0) {
        known = ropes.size();
        ropes.add(layer.rope());
        rotations.add(new Rotation(layer.rope(), tokens));
      }
      layerRotations.add(rotations.get(known));
    }
    hiddenStride = Lanes.padded(spec.hidden());
    feedForwardStride = Lanes.padded(spec.feedForward());
    attendedStride = Lanes.padded(spec.queryWidth());
    residual = new float[tokens * hiddenStride];
    normed = new float[tokens * hiddenStride];
    branch = new float[tokens * hiddenStride];
    queries = new float[tokens * spec.queryWidth()];
    keys = new float[tokens * spec.kvWidth()];
    values = new float[tokens * spec.kvWidth()];
    attended = new float[tokens * attendedStride];
    gate = new float[tokens * feedForwardStride];
    up = new float[tokens * feedForwardStride];
    int widest = Math.max(Math.max(spec.hidden(), spec.feedForward()), spec.queryWidth());
    scratch = new Scratch[workers.threads()];
    for (int worker = 0; worker < scratch.length; worker++) {
      scratch[worker] = new Scratch(Math.max(MatMul.panelSize(widest), Attention.panelSize(spec)));
    }
  }

  /// False when it was given up between layers.
  boolean run(Plan plan, Logits logits, BooleanSupplier unwanted) {
    perToken(plan.tokens, (token, own) -> start(plan, token, own));
    for (int layer = 0; layer < layers.size(); layer++) {
      if (unwanted.getAsBoolean()) {
        return false;
      }
      attentionHalf(plan, layer);
      boolean last = layer == layers.size() - 1;
      feedForwardHalf(
          plan,
          layer,
          last ? weights.outputNorm() : weights.layers().get(layer + 1).attentionNorm());
    }
    head(plan, logits);
    return true;
  }

  private void start(Plan plan, int token, Scratch own) {
    int at = token * hiddenStride;
    embedding.unpack(plan.ids[token], residual, at);
    for (int i = 0; i < spec.hidden(); i++) {
      residual[at + i] *= spec.embeddingScale();
    }
    for (Rotation rotation : rotations) {
      rotation.place(token, plan.positions[token]);
    }
    norm(residual, at, weights.layers().getFirst().attentionNorm(), normed, at, own);
  }

  private void attentionHalf(Plan plan, int index) {
    Weights.Layer layer = weights.layers().get(index);
    LayerMatrices matrices = layers.get(index);
    Rotation rotation = layerRotations.get(index);
    int queryWidth = spec.queryWidth();
    int kvWidth = spec.kvWidth();
    perRows(
        queryWidth + 2 * kvWidth,
        (from, to, own) -> {
          int keyFrom = queryWidth;
          int valueFrom = queryWidth + kvWidth;
          product(
              matrices.query(),
              from,
              to,
              0,
              plan,
              normed,
              queries,
              queryWidth,
              layer.queryBias(),
              own);
          product(
              matrices.key(), from, to, keyFrom, plan, normed, keys, kvWidth, layer.keyBias(), own);
          product(
              matrices.value(),
              from,
              to,
              valueFrom,
              plan,
              normed,
              values,
              kvWidth,
              layer.valueBias(),
              own);
        });
    perToken(plan.tokens, (token, own) -> place(plan, token, index, layer, rotation, own));
    int kvHeads = spec.kvHeads();
    workers.run(
        (chunk, worker) ->
            attention.attend(
                plan,
                // The last tiles see the most positions: they go first.
                plan.tiles - 1 - chunk / kvHeads,
                chunk % kvHeads,
                index,
                queries,
                attended,
                attendedStride,
                scratch[worker]),
        plan.tiles * kvHeads);
    perRows(
        spec.hidden(),
        (from, to, own) ->
            product(
                matrices.attentionOutput(),
                from,
                to,
                0,
                plan,
                attended,
                branch,
                hiddenStride,
                null,
                own));
    perToken(
        plan.tokens,
        (token, own) -> join(token, layer.postAttentionNorm(), layer.feedForwardNorm(), own));
  }

  private void feedForwardHalf(Plan plan, int index, float[] nextNorm) {
    Weights.Layer layer = weights.layers().get(index);
    LayerMatrices matrices = layers.get(index);
    perRows(
        spec.feedForward(),
        (from, to, own) -> {
          product(matrices.gate(), from, to, 0, plan, normed, gate, feedForwardStride, null, own);
          product(matrices.up(), from, to, 0, plan, normed, up, feedForwardStride, null, own);
          for (int token = 0; token < plan.tokens; token++) {
            activate(token * feedForwardStride + from, to - from);
          }
        });
    perRows(
        spec.hidden(),
        (from, to, own) ->
            product(matrices.down(), from, to, 0, plan, gate, branch, hiddenStride, null, own));
    perToken(plan.tokens, (token, own) -> join(token, layer.postFeedForwardNorm(), nextNorm, own));
  }

  private void head(Plan plan, Logits logits) {
    logits.resize(plan.outputs);
    if (plan.outputs == 0) {
      return;
    }
    // The other rows of `branch` are free now.
    for (int i = 0; i < plan.outputs; i++) {
      System.arraycopy(
          normed, plan.outputTokens[i] * hiddenStride, branch, i * hiddenStride, hiddenStride);
    }
    perRows(
        spec.vocabulary(),
        (from, to, own) -> {
          int rows = to - from;
          float[] results = own.results(plan.outputs * rows);
          MatMul.multiply(output, from, to, branch, plan.outputs, results, 0, rows, own);
          for (int i = 0; i < plan.outputs; i++) {
            System.arraycopy(results, i * rows, logits.row(i), from, rows);
          }
        });
  }

  /// Norms and turns one token's queries and keys, and stores keys and values.
  private void place(
      Plan plan, int token, int index, Weights.Layer layer, Rotation rotation, Scratch own) {
    int size = spec.headSize();
    heads(queries, token * spec.queryWidth(), spec.heads(), layer.queryNorm(), own);
    heads(keys, token * spec.kvWidth(), spec.kvHeads(), layer.keyNorm(), own);
    for (int head = 0; head < spec.heads(); head++) {
      rotation.turn(token, queries, token * spec.queryWidth() + head * size);
    }
    for (int head = 0; head < spec.kvHeads(); head++) {
      rotation.turn(token, keys, token * spec.kvWidth() + head * size);
    }
    int position = plan.positions[token];
    int page = plan.pages[token][position / store.pageTokens()];
    int slot = position % store.pageTokens();
    store.write(page, slot, index, KvStore.KEY, keys, token * spec.kvWidth());
    store.write(page, slot, index, KvStore.VALUE, values, token * spec.kvWidth());
  }

  private void heads(float[] x, int at, int heads, float @Nullable [] weight, Scratch own) {
    if (weight != null) {
      for (int head = 0; head < heads; head++) {
        int start = at + head * spec.headSize();
        Elementwise.rmsNorm(
            x, start, weight, spec.headSize(), spec.normEpsilon(), x, start, own.lanes);
      }
    }
  }

  /// Adds a half layer's result to the residual stream and norms it for what comes next.
  private void join(int token, float @Nullable [] postNorm, float[] nextNorm, Scratch own) {
    int at = token * hiddenStride;
    if (postNorm != null) {
      norm(branch, at, postNorm, branch, at, own);
    }
    Elementwise.add(residual, at, branch, at, spec.hidden());
    norm(residual, at, nextNorm, normed, at, own);
  }

  private void norm(float[] x, int at, float[] weight, float[] out, int outAt, Scratch own) {
    Elementwise.rmsNorm(x, at, weight, spec.hidden(), spec.normEpsilon(), out, outAt, own.lanes);
  }

  private void activate(int at, int width) {
    switch (spec.activation()) {
      case SILU -> Elementwise.siluTimes(gate, at, up, at, width);
      case GELU_TANH -> Elementwise.geluTimes(gate, at, up, at, width);
    }
  }

  /// Those of rows `from` to `to - 1` that are the matrix's, whose first row counts as
  /// `matrixFrom`.
  private void product(
      Matrix matrix,
      int from,
      int to,
      int matrixFrom,
      Plan plan,
      float[] x,
      float[] out,
      int outStride,
      float @Nullable [] bias,
      Scratch own) {
    int first = Math.max(0, from - matrixFrom);
    int last = Math.min(matrix.rows(), to - matrixFrom);
    if (first >= last) {
      return;
    }
    MatMul.multiply(matrix, first, last, x, plan.tokens, out, first, outStride, own);
    if (bias != null) {
      for (int token = 0; token < plan.tokens; token++) {
        for (int row = first; row < last; row++) {
          out[token * outStride + row] += bias[row];
        }
      }
    }
  }

  private interface TokenStep {
    void run(int token, Scratch own);
  }

  private interface RowStep {
    void run(int from, int to, Scratch own);
  }

  private void perToken(int tokens, TokenStep step) {
    int chunk = Math.max(4, tokens / (CHUNKS_PER_WORKER * workers.threads()));
    workers.run(
        (index, worker) -> {
          int end = Math.min(tokens, (index + 1) * chunk);
          for (int token = index * chunk; token < end; token++) {
            step.run(token, scratch[worker]);
          }
        },
        (tokens + chunk - 1) / chunk);
  }

  private void perRows(int rows, RowStep step) {
    int share = rows / (CHUNKS_PER_WORKER * workers.threads());
    int chunk = Math.max(ROW_STEP, (share + ROW_STEP - 1) & -ROW_STEP);
    workers.run(
        (index, worker) ->
            step.run(index * chunk, Math.min(rows, (index + 1) * chunk), scratch[worker]),
        (rows + chunk - 1) / chunk);
  }
}
