package ringfence.node.compute.vulkan.matrix;

/// Sizes of `fragment.comp`.
///
/// @param rowTiles row tiles of a subgroup; even when gated
/// @param rowGroups subgroups side by side along the rows
/// @param kGroups subgroups that share the columns
/// @param ahead turns that weights are loaded ahead: 2 or 4
/// @param tokens of a workgroup
/// @param splits parts that the columns are cut into, each a workgroup's; 0: by the device's size
public record FragmentShape(
    int rowTiles, int rowGroups, int kGroups, int ahead, int tokens, int splits) {

  public FragmentShape {
    if (rowTiles < 1
        || rowGroups < 1
        || kGroups < 1
        || (ahead != 2 && ahead != 4)
        || tokens % 8 != 0
        || (tokens > 8 && tokens % 16 != 0)
        || splits < 0
        || splits > Tuning.MOST_SPLITS) {
      throw new IllegalArgumentException(
          "no shape of fragments: " + rowTiles + "x" + rowGroups + "x" + kGroups + "x" + ahead);
    }
  }

  FragmentShape withSplits(int splits) {
    return new FragmentShape(rowTiles, rowGroups, kGroups, ahead, tokens, splits);
  }

  FragmentShape withTokens(int tokens) {
    return new FragmentShape(rowTiles, rowGroups, kGroups, ahead, tokens, splits);
  }

  FragmentShape withRowGroups(int groups) {
    return new FragmentShape(rowTiles, groups, kGroups, ahead, tokens, splits);
  }

  /// The same for two matrices: row tiles come in pairs.
  FragmentShape paired() {
    return rowTiles % 2 == 0
        ? this
        : new FragmentShape(
            2 * rowTiles, Math.max(1, rowGroups / 2), kGroups, ahead, tokens, splits);
  }

  /// Tokens of one fragment.
  int width() {
    return tokens == 8 ? 8 : 16;
  }

  int threads() {
    return 32 * rowGroups * kGroups;
  }

  /// Rows of a workgroup, of both matrices together.
  int rows() {
    return 16 * rowTiles * rowGroups;
  }

  /// Whether a workgroup's rows are few enough, and a power of two, for the lanes of a subgroup to
  /// add up a token's squares.
  boolean canLeaveNorms() {
    return rows() <= 128 && Integer.bitCount(rows()) == 1;
  }

  int sharedBytes() {
    int stage = tokens * (8 * kGroups + 1) * 16;
    int panel = width() * rows() * 4;
    return Math.max(2 * stage, kGroups * panel) + 4 * tokens + 16;
  }

  @Override
  public String toString() {
    return "fragment "
        + rowTiles
        + "x"
        + rowGroups
        + "x"
        + kGroups
        + "x"
        + ahead
        + " @"
        + tokens
        + (splits == 0 ? "" : " /" + splits);
  }
}
