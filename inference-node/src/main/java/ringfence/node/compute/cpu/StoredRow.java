package ringfence.node.compute.cpu;

/// A row of a matrix, taken apart as [StoredCodes] says, before it goes into a tile.
final class StoredRow {
  private static final int HALF_EXPONENT = 0x7C00;

  final byte[] codes;

  /// What [ScaleLayout] makes of scales and offsets.
  final float[] larges;

  final short[] smalls;
  private final boolean smallsAreHalves;

  StoredRow(ScaleLayout layout, int columns) {
    codes = new byte[columns];
    larges = new float[layout.largesFor(columns)];
    smalls = new short[layout.smallsFor(columns)];
    smallsAreHalves = layout.larges == 0;
  }

  /// Whether a scale or an offset is infinite or no number.
  boolean isStrange() {
    for (float large : larges) {
      if (!Float.isFinite(large)) {
        return true;
      }
    }
    if (smallsAreHalves) {
      for (short small : smalls) {
        if ((small & HALF_EXPONENT) == HALF_EXPONENT) {
          return true;
        }
      }
    }
    return false;
  }
}
