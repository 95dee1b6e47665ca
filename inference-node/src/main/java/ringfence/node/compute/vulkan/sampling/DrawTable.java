package ringfence.node.compute.vulkan.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import ringfence.node.compute.sampling.Adjustments;
import ringfence.node.compute.sampling.Draw;

/// A draw's arguments as the kernels read them: `struct Draw` of `sample.glsl`, and the lists that
/// it points to.
final class DrawTable {
  static final int BYTES = 112;

  private static final int GREEDY = 1;
  private static final int KEEPS_ALL = 2;
  private static final int ADJUSTED = 4;
  private static final int MASKED = 8;
  private static final int UNUSED = 16;

  /// As `sample_pick.comp` has it.
  private static final double COARSE = 32;

  private static final int BINS = 1024;

  private DrawTable() {}

  static boolean isAdjusted(Draw draw) {
    return !draw.adjustments().isEmpty() || draw.allowed() != null;
  }

  /// Bytes of the lists.
  static long listBytes(Draw draw) {
    Adjustments adjustments = draw.adjustments();
    long[] allowed = draw.allowed();
    return 8L
        * (adjustments.biased().length
            + adjustments.seenCount()
            + (allowed == null ? 0 : allowed.length));
  }

  static void writeUnused(MemorySegment table, int index) {
    MemorySegment at = table.asSlice((long) index * BYTES, BYTES);
    at.fill((byte) 0);
    at.set(ValueLayout.JAVA_INT, 60, UNUSED);
    at.set(ValueLayout.JAVA_INT, 68, -1);
  }

  /// Writes a draw and its lists.
  ///
  /// @param vocabulary ids that may be drawn
  /// @param adjusted address of its adjusted row, 0 where it needs none
  /// @param lists [#listBytes] bytes
  /// @param listsAddress where the device sees them
  static void write(
      MemorySegment table,
      int index,
      int row,
      Draw draw,
      int vocabulary,
      long adjusted,
      MemorySegment lists,
      long listsAddress) {
    Adjustments adjustments = draw.adjustments();
    int biases = adjustments.biased().length;
    int seen = adjustments.seenCount();
    long[] allowed = draw.allowed();
    for (int i = 0; i < biases; i++) {
      lists.setAtIndex(ValueLayout.JAVA_INT, 2L * i, adjustments.biased()[i]);
      lists.setAtIndex(ValueLayout.JAVA_FLOAT, 2L * i + 1, adjustments.biases()[i]);
    }
    for (int i = 0; i < seen; i++) {
      lists.setAtIndex(ValueLayout.JAVA_INT, 2L * (biases + i), adjustments.seen()[i]);
      lists.setAtIndex(ValueLayout.JAVA_INT, 2L * (biases + i) + 1, adjustments.answerCounts()[i]);
    }
    if (allowed != null) {
      MemorySegment.copy(
          allowed, 0, lists, ValueLayout.JAVA_LONG, 8L * (biases + seen), allowed.length);
    }
    boolean greedy = draw.temperature() == 0;
    int flags =
        (greedy ? GREEDY : 0)
            | (draw.keepsAll(vocabulary) ? KEEPS_ALL : 0)
            | (isAdjusted(draw) ? ADJUSTED : 0)
            | (allowed == null ? 0 : MASKED);
    MemorySegment at = table.asSlice((long) index * BYTES, BYTES);
    at.set(ValueLayout.JAVA_LONG, 0, adjusted);
    at.set(ValueLayout.JAVA_LONG, 8, listsAddress);
    at.set(ValueLayout.JAVA_LONG, 16, listsAddress + 8L * biases);
    at.set(ValueLayout.JAVA_LONG, 24, listsAddress + 8L * (biases + seen));
    // 53 bits, of 64.
    at.set(ValueLayout.JAVA_LONG, 32, greedy ? 0 : (long) (draw.uniform() * 0x1p53) << 11);
    at.set(ValueLayout.JAVA_LONG, 40, draw.topP() < 1 ? unsigned(draw.topP() * 0x1p64) : 0);
    at.set(ValueLayout.JAVA_LONG, 48, (long) Math.ceil(draw.minP() * 0x1p40));
    at.set(ValueLayout.JAVA_INT, 56, row);
    at.set(ValueLayout.JAVA_INT, 60, flags);
    at.set(ValueLayout.JAVA_INT, 64, draw.topK() >= vocabulary ? 0 : draw.topK());
    at.set(ValueLayout.JAVA_INT, 68, draw.topLogProbs());
    at.set(ValueLayout.JAVA_FLOAT, 72, greedy ? 0 : (float) (1.0 / draw.temperature()));
    at.set(ValueLayout.JAVA_INT, 76, minPBin(draw.minP()));
    at.set(ValueLayout.JAVA_INT, 80, biases);
    at.set(ValueLayout.JAVA_INT, 84, seen);
    at.set(ValueLayout.JAVA_INT, 88, allowed == null ? 0 : 2 * allowed.length);
    at.set(ValueLayout.JAVA_FLOAT, 92, adjustments.repetition());
    at.set(ValueLayout.JAVA_FLOAT, 96, adjustments.frequency());
    at.set(ValueLayout.JAVA_FLOAT, 100, adjustments.presence());
    at.set(ValueLayout.JAVA_INT, 104, vocabulary);
    at.set(ValueLayout.JAVA_INT, 108, 0);
  }

  /// The last bin with weights of at least that; one more, for what rounding does.
  private static int minPBin(float minP) {
    return minP == 0
        ? BINS - 1
        : (int) Math.min(BINS - 1, Math.floor(-StrictMath.log(minP) * COARSE) + 1);
  }

  /// The bits of an unsigned number below 2^64.
  private static long unsigned(double value) {
    return value < 0x1p63 ? (long) value : (long) (value - 0x1p63) ^ Long.MIN_VALUE;
  }
}
