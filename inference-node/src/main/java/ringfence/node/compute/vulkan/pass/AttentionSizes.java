package ringfence.node.compute.vulkan.pass;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.model.ModelSpec;

/// The attention kernels' sizes on one device for one model.
///
/// @param onesThreads of a workgroup for single tokens
/// @param lanes invocations that share a position's key
/// @param vectors of 16 bytes that one of them reads of it
/// @param run positions that are read together; divides a page
/// @param together query heads whose sums a workgroup for single tokens merges at a time
/// @param ones single tokens' way through cooperative matrices, where the device has it
/// @param matrices whether tiles go through cooperative matrices
/// @param tileThreads of a workgroup for a tile
/// @param tileRows rows of a tile: tokens times the query heads of a key/value head
/// @param block positions that a tile looks at together (without matrices)
record AttentionSizes(
    int onesThreads,
    int lanes,
    int vectors,
    int run,
    int together,
    @Nullable OnesMatrix ones,
    boolean matrices,
    int tileThreads,
    int tileRows,
    int block) {
  private static final int VECTOR = 8;

  /// Query heads times vectors of a lane: each takes 16 registers and more.
  private static final int MOST_HELD = 4;

  private static final int MATRIX = 16;
  private static final int MATRIX_SUBGROUP = 32;
  private static final int MATRIX_SUBGROUPS = 4;
  private static final int MATRIX_BLOCK = 32;

  /// @param order of a fragment's pairs, where the device's can be used
  /// @param invariant a row's bits may depend on nothing but its sequence
  static AttentionSizes of(
      ModelSpec spec,
      GpuTraits traits,
      Optional<Integer> order,
      int pageTokens,
      boolean invariant) {
    int group = AttentionPlan.group(spec);
    int eighths = Math.ceilDiv(spec.headSize(), VECTOR);
    int mostLanes = Integer.highestOneBit(Math.min(traits.subgroupSize(), MATRIX_SUBGROUP));
    int wanted = eighths == 1 ? 1 : Integer.highestOneBit(eighths - 1) * 2;
    int lanes = Math.min(Math.min(VECTOR, mostLanes), wanted);
    while (lanes < mostLanes
        && lanes < wanted
        && group * Math.ceilDiv(eighths, lanes) > MOST_HELD) {
      lanes *= 2;
    }
    int shared = traits.limits().sharedBytes();
    int threads = Math.min(traits.isSoftware() ? 64 : 128, traits.limits().maxInvocations());
    while (threads > lanes && onesShared(threads / lanes, group, eighths, 1) > shared) {
      threads /= 2;
    }
    int together = onesShared(threads / lanes, group, eighths, group) <= shared ? group : 1;
    int run = pageTokens % 4 == 0 ? 4 : pageTokens % 2 == 0 ? 2 : 1;
    OnesMatrix ones =
        order.map(pairs -> OnesMatrix.of(spec, traits, pairs, pageTokens)).orElse(null);
    boolean matrices = !invariant && canUseMatrices(spec, traits);
    int tileThreads = matrices ? MATRIX_SUBGROUPS * MATRIX_SUBGROUP : 128;
    while (!matrices && tileThreads / 4 < group) {
      tileThreads *= 2;
    }
    int tileRows = matrices ? MATRIX_SUBGROUPS * MATRIX : tileThreads / 4;
    int block = 32;
    while (!matrices && block > 4 && (tileRows + block) * eighths * 16 > shared) {
      block /= 2;
    }
    if ((ones == null && onesShared(threads / lanes, group, eighths, together) > shared)
        || (!matrices && (tileRows + block) * eighths * 16 > shared)
        || tileThreads > traits.limits().maxInvocations()) {
      throw new GpuException(
          GpuException.Reason.UNSUPPORTED,
          "heads of "
              + spec.headSize()
              + ", "
              + group
              + " to a key, are too large for "
              + traits.name()
              + ": it has "
              + shared
              + " bytes of shared memory");
    }
    return new AttentionSizes(
        threads,
        lanes,
        Math.ceilDiv(eighths, lanes),
        run,
        together,
        ones,
        matrices,
        tileThreads,
        tileRows,
        block);
  }

  private static int onesShared(int streams, int group, int eighths, int together) {
    int sums = Math.max(group + 1, together * streams) * eighths * VECTOR;
    return Math.max(sums, 2 * AttentionPlan.MOST_PARTS * group) * Float.BYTES
        + eighths * VECTOR * Float.BYTES
        + (streams + 1) * group * 2 * Float.BYTES
        + Integer.BYTES;
  }

  private static boolean canUseMatrices(ModelSpec spec, GpuTraits traits) {
    int pitch = spec.headSize() / VECTOR + 1;
    int shared =
        (Math.max(2 * MATRIX_BLOCK, MATRIX_SUBGROUPS * MATRIX) * pitch
                    + MATRIX_SUBGROUPS * MATRIX * (MATRIX_BLOCK / 4 + 1))
                * 16
            + MATRIX_SUBGROUPS * MATRIX * Float.BYTES;
    return traits.hasHalfMatrices(MATRIX, MATRIX, MATRIX)
        && traits.canHaveSubgroupSize(MATRIX_SUBGROUP)
        && spec.headSize() % MATRIX == 0
        && AttentionPlan.group(spec) <= MATRIX_SUBGROUPS * MATRIX
        && shared <= traits.limits().sharedBytes();
  }

  /// Positions that a workgroup for single tokens takes at a time.
  int step() {
    return ones == null ? onesThreads / lanes * run : OnesMatrix.STEP;
  }

  /// Workgroups for single tokens that a multiprocessor runs at a time.
  int onesGroups() {
    return ones == null ? 2 : OnesMatrix.GROUPS;
  }

  /// The same where there are more of them than that.
  int smallOnesGroups() {
    return ones == null ? 2 : OnesMatrix.SMALL_GROUPS;
  }

  /// Tokens of a tile.
  int tileTokens(ModelSpec spec) {
    return tileRows / AttentionPlan.group(spec);
  }
}
