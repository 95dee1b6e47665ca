package ringfence.node.compute.reference;

import ringfence.node.compute.BackendOptions;
import ringfence.node.model.ModelSpec;

/// Keys and values of all pages, float32. Within a page and layer keys lie as `[kvWidth,
/// pageTokens]`, so that scores of neighbouring positions are computed side by side, and values as
/// `[pageTokens, kvWidth]`, so that elements of the output are.
final class KvPages {
  private final int pageTokens;
  private final int width;
  private final int layers;
  private final float[][] keys;
  private final float[][] values;

  KvPages(ModelSpec spec, BackendOptions options) {
    this.pageTokens = options.pageTokens();
    this.width = spec.kvWidth();
    this.layers = spec.layers().size();
    int floats = Math.multiplyExact(Math.multiplyExact(layers, width), pageTokens);
    this.keys = new float[options.pages()][floats];
    this.values = new float[options.pages()][floats];
  }

  int pages() {
    return keys.length;
  }

  int pageTokens() {
    return pageTokens;
  }

  float[] keys(int page) {
    return keys[page];
  }

  float[] values(int page) {
    return values[page];
  }

  /// Where a layer's numbers start in a page.
  int layerStart(int layer) {
    return layer * width * pageTokens;
  }

  /// Writes one token's key and value.
  ///
  /// @param key `[kvWidth, tokens]`, of which column `token` is meant; so is `value`
  void write(int layer, int page, int slot, float[] key, float[] value, int token, int tokens) {
    int start = layerStart(layer);
    float[] pageKeys = keys[page];
    float[] pageValues = values[page];
    for (int e = 0; e < width; e++) {
      pageKeys[start + e * pageTokens + slot] = key[e * tokens + token];
      pageValues[start + slot * width + e] = value[e * tokens + token];
    }
  }

  void copy(int from, int to, int tokens) {
    for (int layer = 0; layer < layers; layer++) {
      int start = layerStart(layer);
      for (int e = 0; e < width; e++) {
        int row = start + e * pageTokens;
        System.arraycopy(keys[from], row, keys[to], row, tokens);
      }
      System.arraycopy(values[from], start, values[to], start, tokens * width);
    }
  }
}
