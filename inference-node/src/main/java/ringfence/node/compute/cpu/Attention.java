package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import ringfence.node.model.ModelSpec;

/// Causal attention of a tile of tokens with the query heads that share one key/value head.
///
/// Scores of all positions, their softmax, then the weighted sum of values, position by position in
/// ascending order. Sums over positions go lane-wise by the absolute position modulo [Lanes#COUNT]:
/// neither the tile nor the pages show in the result.
final class Attention {
  /// Positions whose keys or values are unpacked at a time.
  private static final int BLOCK = 64;

  private final ModelSpec spec;
  private final KvStore store;
  private final int group;
  private final int headStride;

  Attention(ModelSpec spec, KvStore store) {
    this.spec = spec;
    this.store = store;
    this.group = spec.heads() / spec.kvHeads();
    this.headStride = Lanes.padded(spec.headSize());
  }

  /// Numbers that a worker's panel needs.
  static int panelSize(ModelSpec spec) {
    return BLOCK * Lanes.padded(spec.headSize());
  }

  /// Attends and writes `out[token][heads * headSize]` for one tile and key/value head.
  ///
  /// @param queries `[tokens][heads * headSize]`, after norm and RoPE
  void attend(
      Plan plan,
      int tile,
      int kvHead,
      int layer,
      float[] queries,
      float[] out,
      int outStride,
      Scratch scratch) {
    int window = spec.layers().get(layer).window();
    int firstToken = plan.tileStarts[tile];
    int tokens = plan.tileStarts[tile + 1] - firstToken;
    int firstPosition = plan.positions[firstToken];
    int base = seenFrom(firstPosition, window) & -COUNT;
    int end = firstPosition + tokens;
    int length = Lanes.padded(end - base);
    int rows = tokens * group;
    int[] pages = plan.pages[firstToken];

    float[] work = scratch.results(rows * (2 * headStride + length));
    int sums = rows * headStride;
    int scores = 2 * sums;
    gather(queries, firstToken, tokens, kvHead, work);
    score(pages, base, end, layer, kvHead, work, rows, scores, length, scratch);
    for (int row = 0; row < rows; row++) {
      int position = firstPosition + row / group;
      int from = seenFrom(position, window) - base;
      int to = position + 1 - base;
      softmax(work, scores + row * length, from, to, length, scratch.lanes);
    }
    Arrays.fill(work, sums, scores, 0);
    for (int start = base; start < end; ) {
      int stop = blockEnd(start, end);
      unpack(pages, start, stop, layer, KvStore.VALUE, kvHead, scratch.panel());
      for (int row = 0; row < rows; row++) {
        int position = firstPosition + row / group;
        int from = Math.max(start, seenFrom(position, window));
        int to = Math.min(stop, position + 1);
        if (from < to) {
          int values = (from - start) * headStride;
          int weights = scores + row * length + from - base;
          accumulate(
              work,
              weights,
              to - from,
              scratch.panel(),
              values,
              headStride,
              sums + row * headStride);
        }
      }
      start = stop;
    }
    for (int row = 0; row < rows; row++) {
      int token = firstToken + row / group;
      int head = kvHead * group + row % group;
      System.arraycopy(
          work,
          sums + row * headStride,
          out,
          token * outStride + head * spec.headSize(),
          spec.headSize());
    }
  }

  /// The first position that a token sees.
  private static int seenFrom(int position, int window) {
    return window == 0 ? 0 : Math.max(0, position - window + 1);
  }

  /// Blocks end at page ends.
  private int blockEnd(int start, int end) {
    int pageEnd = (start / store.pageTokens() + 1) * store.pageTokens();
    return Math.min(Math.min(start + BLOCK, pageEnd), end);
  }

  private void unpack(
      int[] pages, int start, int stop, int layer, int kind, int kvHead, float[] panel) {
    int page = start / store.pageTokens();
    int slot = start - page * store.pageTokens();
    store.read(pages[page], slot, slot + stop - start, layer, kind, kvHead, panel, 0, headStride);
  }

  private void gather(float[] queries, int firstToken, int tokens, int kvHead, float[] work) {
    int headSize = spec.headSize();
    for (int row = 0; row < tokens * group; row++) {
      int token = firstToken + row / group;
      int head = kvHead * group + row % group;
      System.arraycopy(
          queries, token * spec.queryWidth() + head * headSize, work, row * headStride, headSize);
    }
    Scratch.clearPadding(work, 0, headSize, headStride, tokens * group);
  }

  private void score(
      int[] pages,
      int base,
      int end,
      int layer,
      int kvHead,
      float[] work,
      int rows,
      int scores,
      int length,
      Scratch scratch) {
    float[] panel = scratch.panel();
    for (int start = base; start < end; ) {
      int stop = blockEnd(start, end);
      unpack(pages, start, stop, layer, KvStore.KEY, kvHead, panel);
      DotTile.multiply(
          panel,
          0,
          headStride,
          stop - start,
          work,
          0,
          headStride,
          rows,
          headStride,
          work,
          scores + start - base,
          length,
          scratch.lanes);
      start = stop;
    }
  }

  /// Turns scores `from` to `to - 1` into weights that add up to one; the others become 0.
  private void softmax(float[] work, int at, int from, int to, int length, float[] lanes) {
    Arrays.fill(work, at, at + from, Float.NEGATIVE_INFINITY);
    Arrays.fill(work, at + to, at + length, Float.NEGATIVE_INFINITY);
    float scale = spec.attentionScale();
    FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < length; i += COUNT) {
      FloatVector score = FloatVector.fromArray(FLOATS, work, at + i).mul(scale);
      score.intoArray(work, at + i);
      most = most.max(score);
    }
    float top = most.reduceLanes(VectorOperators.MAX);
    FloatVector sums = FloatVector.zero(FLOATS);
    for (int i = 0; i < length; i += COUNT) {
      FloatVector weight = Exp.of(FloatVector.fromArray(FLOATS, work, at + i).sub(top));
      weight.intoArray(work, at + i);
      sums = sums.add(weight);
    }
    float sum = Lanes.sum(sums, lanes);
    for (int i = 0; i < length; i += COUNT) {
      FloatVector.fromArray(FLOATS, work, at + i).div(sum).intoArray(work, at + i);
    }
  }

  /// `sums += weight * value`, one position after the other.
  private static void accumulate(
      float[] work, int weights, int count, float[] values, int at, int stride, int sums) {
    int column = 0;
    for (; column + 4 * COUNT <= stride; column += 4 * COUNT) {
      int to = sums + column;
      FloatVector a = FloatVector.fromArray(FLOATS, work, to);
      FloatVector b = FloatVector.fromArray(FLOATS, work, to + COUNT);
      FloatVector c = FloatVector.fromArray(FLOATS, work, to + 2 * COUNT);
      FloatVector d = FloatVector.fromArray(FLOATS, work, to + 3 * COUNT);
      int value = at + column;
      for (int i = 0; i < count; i++) {
        FloatVector weight = FloatVector.broadcast(FLOATS, work[weights + i]);
        a = FloatVector.fromArray(FLOATS, values, value).fma(weight, a);
        b = FloatVector.fromArray(FLOATS, values, value + COUNT).fma(weight, b);
        c = FloatVector.fromArray(FLOATS, values, value + 2 * COUNT).fma(weight, c);
        d = FloatVector.fromArray(FLOATS, values, value + 3 * COUNT).fma(weight, d);
        value += stride;
      }
      a.intoArray(work, to);
      b.intoArray(work, to + COUNT);
      c.intoArray(work, to + 2 * COUNT);
      d.intoArray(work, to + 3 * COUNT);
    }
    for (; column < stride; column += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, work, sums + column);
      int value = at + column;
      for (int i = 0; i < count; i++) {
        FloatVector weight = FloatVector.broadcast(FLOATS, work[weights + i]);
        a = FloatVector.fromArray(FLOATS, values, value).fma(weight, a);
        value += stride;
      }
      a.intoArray(work, sums + column);
    }
  }
}
