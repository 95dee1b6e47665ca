package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Logits;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Rope;
import ringfence.node.model.Weights;

/// The forward pass, in phases that all workers share. Between phases lie the activations of every
/// token of the batch; they are allocated once.
final class Pass {
  /// Chunks a phase is cut into, per worker: enough that a slow worker's rest is taken over.
  private static final int CHUNKS_PER_WORKER = 4;

  private final ModelSpec spec;
  private final Weights weights;
  private final FileRows embedding;
  private final Matrix output;
  private final List<LayerMatrices> layers = new ArrayList<>();
  private final List<Rotation> rotations = new ArrayList<>();
  private final List<Rotation> layerRotations = new ArrayList<>();
  private final KvStore store;
  private final Attention attention;
  private final Workers workers;
  private final Scratch[] scratch;

  // What is multiplied with matrices.
  private final Activations normed;
  private final Activations attended;
  private final Activations gated;
  private final Activations last;

  // [token][...]
  private final float[] residual;
  private final float[] queries;
  private final float[] keys;
  private final float[] values;
  private final float[] up;
  private final float[] branch;

  /// @param memory for weights that are laid out anew
  Pass(
      ModelSpec spec,
      Weights weights,
      BackendOptions options,
      KvStore store,
      Workers workers,
      SegmentAllocator memory) {
    this.spec = spec;
    this.weights = weights;
    this.store = store;
    this.workers = workers;
    this.attention = new Attention(spec, store);
    this.embedding = FileRows.of(weights.tokenEmbedding());
    this.output = Matrix.of(weights.output(), memory, workers);
    int tokens = options.maxBatchTokens();
    for (Weights.Layer layer : weights.layers()) {
      layers.add(LayerMatrices.of(layer, memory, workers));
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
    normed = activations(tokens, spec.hidden(), LayerMatrices::readNormed);
    attended = activations(tokens, spec.queryWidth(), layer -> List.of(layer.attentionOutput()));
    gated = activations(tokens, spec.feedForward(), layer -> List.of(layer.down()));
    last = new Activations(tokens, spec.hidden(), List.of(output));
    residual = new float[tokens * normed.stride];
    branch = new float[tokens * normed.stride];
    queries = new float[tokens * spec.queryWidth()];
    keys = new float[tokens * spec.kvWidth()];
    values = new float[tokens * spec.kvWidth()];
    up = new float[tokens * gated.stride];
    int widest = Math.max(Math.max(spec.hidden(), spec.feedForward()), spec.queryWidth());
    scratch = new Scratch[workers.threads()];
    for (int worker = 0; worker < scratch.length; worker++) {
      scratch[worker] =
          new Scratch(Math.max(FileRows.panelSize(widest), Attention.panelSize(spec)));
    }
  }

  private Activations activations(
      int tokens, int columns, Function<LayerMatrices, List<Matrix>> users) {
    return new Activations(
        tokens, columns, layers.stream().flatMap(layer -> users.apply(layer).stream()).toList());
  }

  /// False when it was given up between layers.
  boolean run(Plan plan, Logits logits, BooleanSupplier unwanted) {
    if (!layers(plan, unwanted)) {
      return false;
    }
    head(plan, logits);
    return true;
  }

  /// Copies a token of the residual stream, as the last layer left it.
  void residual(int token, MemorySegment to, long offset) {
    MemorySegment.copy(
        residual,
        token * normed.stride,
        to,
        ValueLayout.JAVA_FLOAT_UNALIGNED,
        offset,
        spec.hidden());
  }

  /// All layers, without the head. False when it was given up between them.
  boolean layers(Plan plan, BooleanSupplier unwanted) {
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
    return true;
  }

  private void start(Plan plan, int token, Scratch own) {
    int at = token * normed.stride;
    embedding.unpack(plan.ids[token], residual, at);
    for (int i = 0; i < spec.hidden(); i++) {
      residual[at + i] *= spec.embeddingScale();
    }
    for (Rotation rotation : rotations) {
      rotation.place(token, plan.positions[token]);
    }
    norm(residual, at, weights.layers().getFirst().attentionNorm(), normed.rows, at, own);
    normed.prepare(token);
  }

  private void attentionHalf(Plan plan, int index) {
    Weights.Layer layer = weights.layers().get(index);
    LayerMatrices matrices = layers.get(index);
    Rotation rotation = layerRotations.get(index);
    int queryTiles = Lanes.tiles(spec.queryWidth());
    int kvTiles = Lanes.tiles(spec.kvWidth());
    perTiles(
        queryTiles + 2 * kvTiles,
        (from, to, own) -> {
          product(matrices.query(), from, to, plan, queries, layer.queryBias(), own);
          int keyFrom = from - queryTiles;
          int keyTo = to - queryTiles;
          product(matrices.key(), keyFrom, keyTo, plan, keys, layer.keyBias(), own);
          int valueFrom = keyFrom - kvTiles;
          int valueTo = keyTo - kvTiles;
          product(matrices.value(), valueFrom, valueTo, plan, values, layer.valueBias(), own);
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
                attended.rows,
                attended.stride,
                scratch[worker]),
        plan.tiles * kvHeads);
    perToken(plan.tokens, (token, own) -> attended.prepare(token));
    perTiles(
        Lanes.tiles(spec.hidden()),
        (from, to, own) ->
            multiply(matrices.attentionOutput(), from, to, plan, attended, branch, own));
    perToken(
        plan.tokens,
        (token, own) -> join(token, layer.postAttentionNorm(), layer.feedForwardNorm(), own));
  }

  private void feedForwardHalf(Plan plan, int index, float[] nextNorm) {
    Weights.Layer layer = weights.layers().get(index);
    LayerMatrices matrices = layers.get(index);
    int stride = gated.stride;
    perTiles(
        Lanes.tiles(spec.feedForward()),
        (from, to, own) -> {
          int first = from * Lanes.TILE;
          int end = Math.min(spec.feedForward(), to * Lanes.TILE);
          matrices.gate().multiply(first, end, normed, plan.tokens, gated.rows, first, stride, own);
          matrices.up().multiply(first, end, normed, plan.tokens, up, first, stride, own);
          for (int token = 0; token < plan.tokens; token++) {
            activate(token * stride + first, end - first);
          }
        });
    perToken(plan.tokens, (token, own) -> gated.prepare(token));
    perTiles(
        Lanes.tiles(spec.hidden()),
        (from, to, own) -> multiply(matrices.down(), from, to, plan, gated, branch, own));
    perToken(plan.tokens, (token, own) -> join(token, layer.postFeedForwardNorm(), nextNorm, own));
  }

  private void head(Plan plan, Logits logits) {
    logits.resize(plan.outputs);
    if (plan.outputs == 0) {
      return;
    }
    int stride = normed.stride;
    perToken(
        plan.outputs,
        (i, own) -> {
          System.arraycopy(
              normed.rows, plan.outputTokens[i] * stride, last.rows, i * stride, stride);
          last.prepare(i);
        });
    perTiles(
        Lanes.tiles(spec.vocabulary()),
        (from, to, own) -> {
          int first = from * Lanes.TILE;
          int end = Math.min(spec.vocabulary(), to * Lanes.TILE);
          int rows = end - first;
          float[] results = own.results(plan.outputs * rows);
          output.multiply(first, end, last, plan.outputs, results, 0, rows, own);
          for (int i = 0; i < plan.outputs; i++) {
            System.arraycopy(results, i * rows, logits.row(i), first, rows);
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
    int at = token * normed.stride;
    if (postNorm != null) {
      norm(branch, at, postNorm, branch, at, own);
    }
    Elementwise.add(residual, at, branch, at, spec.hidden());
    norm(residual, at, nextNorm, normed.rows, at, own);
    normed.prepare(token);
  }

  private void norm(float[] x, int at, float[] weight, float[] out, int outAt, Scratch own) {
    Elementwise.rmsNorm(x, at, weight, spec.hidden(), spec.normEpsilon(), out, outAt, own.lanes);
  }

  private void activate(int at, int width) {
    switch (spec.activation()) {
      case SILU -> Elementwise.siluTimes(gated.rows, at, up, at, width);
      case GELU_TANH -> Elementwise.geluTimes(gated.rows, at, up, at, width);
    }
  }

  /// Those of tiles `from` to `to - 1` that the matrix has, times the normed tokens.
  private void product(
      Matrix matrix,
      int from,
      int to,
      Plan plan,
      float[] out,
      float @Nullable [] bias,
      Scratch own) {
    int first = Math.max(0, from * Lanes.TILE);
    int end = Math.min(matrix.rows(), to * Lanes.TILE);
    if (first >= end) {
      return;
    }
    int stride = matrix.rows();
    matrix.multiply(first, end, normed, plan.tokens, out, first, stride, own);
    if (bias != null) {
      for (int token = 0; token < plan.tokens; token++) {
        for (int row = first; row < end; row++) {
          out[token * stride + row] += bias[row];
        }
      }
    }
  }

  /// Tiles `from` to `to - 1` of a matrix whose rows are those of the residual stream.
  private void multiply(
      Matrix matrix, int from, int to, Plan plan, Activations x, float[] out, Scratch own) {
    int first = from * Lanes.TILE;
    int end = Math.min(matrix.rows(), to * Lanes.TILE);
    matrix.multiply(first, end, x, plan.tokens, out, first, normed.stride, own);
  }

  private interface TokenStep {
    void run(int token, Scratch own);
  }

  private interface TileStep {
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

  private void perTiles(int tiles, TileStep step) {
    int chunk = Math.max(1, tiles / (CHUNKS_PER_WORKER * workers.threads()));
    workers.run(
        (index, worker) ->
            step.run(index * chunk, Math.min(tiles, (index + 1) * chunk), scratch[worker]),
        (tiles + chunk - 1) / chunk);
  }
}
