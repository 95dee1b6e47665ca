package ringfence.node.compute.vulkan.pass;

import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.model.ModelSpec;

/// How `attend_one_matrix.comp`, single tokens' attention on cooperative matrices, is cut for one
/// model on one device. Where there are few single tokens a workgroup has more subgroups, which
/// share its start and its end; where there are many, small workgroups fill a multiprocessor.
///
/// @param columns of the matrices: room for the query heads of a key, twice where there is
/// @param order of a fragment's pairs, see `FragmentOrder.packedPairs`
/// @param lanes that share a head where heads are placed
/// @param vectors of 16 bytes that one of them holds of a head
record OnesMatrix(int columns, int order, int lanes, int vectors) {
  static final int THREADS = 128;
  static final int SMALL_THREADS = 64;

  /// Positions that a workgroup of [#THREADS] takes at a time, a multiple of what a small one does.
  static final int STEP = THREADS / 32 * 16;

  /// Workgroups of [#THREADS] that an NVIDIA multiprocessor was seen to run at a time.
  static final int GROUPS = 2;

  /// The same for [#SMALL_THREADS].
  static final int SMALL_GROUPS = 5;

  private static final int MATRIX = 16;
  private static final int SUBGROUP = 32;
  private static final int SLICE = 64;
  private static final int LARGE_SLICE = 128;
  private static final int VECTOR = 8;

  /// Null where the device, or the model's heads, can't go this way.
  static @Nullable OnesMatrix of(ModelSpec spec, GpuTraits traits, int order, int pageTokens) {
    if (!traits.canHaveSubgroupSize(SUBGROUP)
        || spec.headSize() % SLICE != 0
        || pageTokens % MATRIX != 0
        || THREADS > traits.limits().maxInvocations()) {
      return null;
    }
    for (int columns = MATRIX / 2; columns <= MATRIX; columns *= 2) {
      if (AttentionPlan.group(spec) <= columns
          && traits.hasHalfMatrices(MATRIX, columns, MATRIX)
          && sharedBytes(spec, columns, THREADS) <= traits.limits().sharedBytes()) {
        int eighths = spec.headSize() / VECTOR;
        int lanes = Integer.highestOneBit(Math.min(eighths, MATRIX));
        return new OnesMatrix(columns, order, lanes, Math.ceilDiv(eighths, lanes));
      }
    }
    return null;
  }

  /// Numbers of a head whose sums a workgroup merges at a time; they stand in shared memory, of
  /// which small workgroups must take little.
  static int slice(ModelSpec spec, int threads) {
    return threads == THREADS && spec.headSize() % LARGE_SLICE == 0 ? LARGE_SLICE : SLICE;
  }

  /// What the kernel declares.
  private static int sharedBytes(ModelSpec spec, int columns, int threads) {
    int streams = threads / SUBGROUP;
    int group = AttentionPlan.group(spec);
    int heads = (group + 1) * spec.headSize();
    int sums = columns * streams * slice(spec, threads);
    int partEnds = 2 * AttentionPlan.MOST_PARTS * group;
    int room = Math.max(Math.max(heads, sums), partEnds) * Float.BYTES;
    int queries = columns * (spec.headSize() + 8) * Short.BYTES;
    int scores = streams * columns * (20 * Float.BYTES + 24 * Short.BYTES);
    int ends = (streams + 1) * group * 2 * Float.BYTES;
    return room + queries + scores + ends + (spec.headSize() + 1) * Float.BYTES;
  }
}
