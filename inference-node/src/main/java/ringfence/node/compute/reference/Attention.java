package ringfence.node.compute.reference;

import java.util.Arrays;
import ringfence.node.compute.Batch;
import ringfence.node.model.ModelSpec;

/// Softmax attention of grouped query heads over the positions of a sequence up to the token's own,
/// or the last `window` of them (Vaswani et al., 2017; Ainslie et al., 2023).
final class Attention {
  private final ModelSpec spec;
  private final KvPages kv;
  private final Workers workers;

  Attention(ModelSpec spec, KvPages kv, Workers workers) {
    this.spec = spec;
    this.kv = kv;
    this.workers = workers;
  }

  /// @param queries `[heads * headSize, tokens]`
  /// @param out receives the same shape
  void attend(int layer, Batch batch, float[] queries, float[] out) {
    int tokens = batch.tokens();
    int first = 0;
    for (Batch.Run run : batch.runs()) {
      int offset = first;
      workers.split(
          run.tokens().length * spec.heads(),
          (from, to) -> {
            double[] scores = new double[run.position() + run.tokens().length];
            double[] sums = new double[spec.headSize()];
            for (int i = from; i < to; i++) {
              int token = i / spec.heads();
              attend(
                  layer,
                  run,
                  token,
                  i % spec.heads(),
                  queries,
                  offset + token,
                  tokens,
                  scores,
                  sums,
                  out);
            }
          });
      first += run.tokens().length;
    }
  }

  /// One head of one token.
  private void attend(
      int layer,
      Batch.Run run,
      int token,
      int head,
      float[] queries,
      int column,
      int tokens,
      double[] scores,
      double[] sums,
      float[] out) {
    int headSize = spec.headSize();
    int kvHead = head / (spec.heads() / spec.kvHeads());
    int last = run.position() + token;
    int window = spec.layers().get(layer).window();
    int first = window == 0 ? 0 : Math.max(0, last - window + 1);

    scores(
        layer,
        run.pages(),
        first,
        last,
        kvHead,
        queries,
        head * headSize * tokens + column,
        tokens,
        scores);
    softmax(scores, first, last);
    Arrays.fill(sums, 0);
    weighValues(layer, run.pages(), first, last, kvHead, scores, sums);
    for (int e = 0; e < headSize; e++) {
      out[(head * headSize + e) * tokens + column] = (float) sums[e];
    }
  }

  /// `scores[p]` = query . key of position p, times the scale.
  private void scores(
      int layer,
      int[] pages,
      int first,
      int last,
      int kvHead,
      float[] queries,
      int query,
      int tokens,
      double[] scores) {
    int pageTokens = kv.pageTokens();
    for (int at = first; at <= last; ) {
      int slot = at % pageTokens;
      int count = Math.min(pageTokens - slot, last - at + 1);
      float[] keys = kv.keys(pages[at / pageTokens]);
      Arrays.fill(scores, at, at + count, 0);
      for (int e = 0; e < spec.headSize(); e++) {
        double q = queries[query + e * tokens];
        int key = kv.layerStart(layer) + (kvHead * spec.headSize() + e) * pageTokens + slot;
        for (int p = 0; p < count; p++) {
          scores[at + p] += q * keys[key + p];
        }
      }
      at += count;
    }
    for (int p = first; p <= last; p++) {
      scores[p] *= spec.attentionScale();
    }
  }

  private static void softmax(double[] scores, int first, int last) {
    double highest = Double.NEGATIVE_INFINITY;
    for (int p = first; p <= last; p++) {
      highest = Math.max(highest, scores[p]);
    }
    double total = 0;
    for (int p = first; p <= last; p++) {
      scores[p] = StrictMath.exp(scores[p] - highest);
      total += scores[p];
    }
    for (int p = first; p <= last; p++) {
      scores[p] /= total;
    }
  }

  private void weighValues(
      int layer, int[] pages, int first, int last, int kvHead, double[] weights, double[] sums) {
    int pageTokens = kv.pageTokens();
    for (int p = first; p <= last; p++) {
      float[] values = kv.values(pages[p / pageTokens]);
      int value = kv.layerStart(layer) + p % pageTokens * spec.kvWidth() + kvHead * spec.headSize();
      double weight = weights[p];
      for (int e = 0; e < sums.length; e++) {
        sums[e] += weight * values[value + e];
      }
    }
  }
}
