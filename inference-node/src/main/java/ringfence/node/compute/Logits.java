package ringfence.node.compute;

/// Rows of logits, one for each output of a batch; the arrays are kept and overwritten by the next
/// pass.
public final class Logits {
  private final int vocabulary;
  private float[][] rows = new float[0][];
  private int count;

  public Logits(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /// Makes room for `count` rows; their contents are undefined until a backend writes them.
  public void resize(int count) {
    if (rows.length < count) {
      float[][] more = new float[count][];
      System.arraycopy(rows, 0, more, 0, rows.length);
      for (int i = rows.length; i < count; i++) {
        more[i] = new float[vocabulary];
      }
      rows = more;
    }
    this.count = count;
  }

  /// Rows in use.
  public int count() {
    return count;
  }

  /// Logits of one output, `[vocabulary]`.
  public float[] row(int output) {
    return rows[output];
  }
}
