package ringfence.node.compute.vulkan.matrix;

/// Sizes of `matvec.comp` that change speed alone.
///
/// @param kGroups groups of 32 lanes that share the columns of a row of tiles
/// @param tiles rows of tiles at a time; even when gated
/// @param ahead tiles of each row that a lane loads ahead: 1, 2 or 4
/// @param groupsAProcessor workgroups for each multiprocessor; each walks over its share of rows
public record MatVecShape(int kGroups, int tiles, int ahead, int groupsAProcessor) {

  public MatVecShape {
    if (kGroups < 1
        || kGroups > 32
        || tiles < 1
        || (ahead != 1 && ahead != 2 && ahead != 4)
        || groupsAProcessor < 1) {
      throw new IllegalArgumentException("no shape of a mat-vec: " + kGroups + ", " + tiles);
    }
  }

  MatVecShape withTiles(int tiles) {
    return new MatVecShape(kGroups, tiles, ahead, groupsAProcessor);
  }

  @Override
  public String toString() {
    return "matvec " + kGroups + "x" + tiles + "x" + ahead + "x" + groupsAProcessor;
  }
}
