package ringfence.node.compute.vulkan.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;

/// Which elements of a 16 x 16 matrix A of f16 each of 32 lanes holds, and in which order: the
/// driver's own business, so that a device is asked. Weights lie in memory in the order of
/// [#USUAL]; a device whose lanes hold the same pairs in another order moves them around in
/// registers, and one whose lanes hold others can't use them as fragments.
public final class FragmentOrder {
  public static final int LANES = 32;

  /// Elements that a lane holds.
  public static final int ELEMENTS = 8;

  private static final int SIDE = 16;
  private static final int MOST = 64;
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /// What NVIDIA's driver does, and the order of our weights: with g = lane / 4 and t = lane % 4,
  /// row g then row g + 8, in each columns 2t, 2t + 1, 2t + 8, 2t + 9.
  public static final FragmentOrder USUAL = usual();

  private final int[][] elements;

  private FragmentOrder(int[][] elements) {
    this.elements = elements;
  }

  private static FragmentOrder usual() {
    int[][] elements = new int[LANES][ELEMENTS];
    for (int lane = 0; lane < LANES; lane++) {
      for (int i = 0; i < ELEMENTS; i++) {
        int row = lane / 4 + (i < 4 ? 0 : 8);
        int column = 2 * (lane % 4) + i % 2 + (i % 4 < 2 ? 0 : 8);
        elements[lane][i] = row * SIDE + column;
      }
    }
    return new FragmentOrder(elements);
  }

  /// The kernel that asks.
  public static List<KernelVariant> variants() {
    return List.of(variant());
  }

  private static KernelVariant variant() {
    return KernelVariant.of(
            KernelModule.of("fragment_order.comp"),
            KernelNeeds.of(LANES, Feature.FLOAT16, Feature.STORAGE_16)
                .halfMatrices(SIDE, SIDE, SIDE),
            LANES)
        .subgroups(LANES);
  }

  /// Asks the device; empty where it has no such matrices, spreads them over other than 32 lanes,
  /// or holds elements twice.
  public static Optional<FragmentOrder> ask(Pipelines pipelines) {
    Gpu gpu = pipelines.gpu();
    if (variant().missing(gpu.traits()).isPresent()) {
      return Optional.empty();
    }
    int count = SIDE * SIDE;
    try (GpuBuffer indices = gpu.allocate((long) count * Short.BYTES, MemoryUse.SHARED);
        GpuBuffer back = gpu.allocate((long) count * Short.BYTES, MemoryUse.READBACK);
        GpuBuffer table = gpu.allocate((2L + LANES * MOST) * Integer.BYTES, MemoryUse.READBACK);
        Recording recording = gpu.record()) {
      for (int i = 0; i < count; i++) {
        indices.mapped().setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(i));
      }
      PushConstants constants = new PushConstants().address(indices).address(back).address(table);
      recording.dispatch(pipelines.get(variant()), 1, 1, 1, constants).end();
      gpu.submit(recording).await(LIMIT);
      return read(table.mapped(), back.mapped());
    }
  }

  private static Optional<FragmentOrder> read(MemorySegment table, MemorySegment back) {
    if (table.getAtIndex(ValueLayout.JAVA_INT, 0) != ELEMENTS
        || table.getAtIndex(ValueLayout.JAVA_INT, 1) != LANES) {
      return Optional.empty();
    }
    for (int i = 0; i < SIDE * SIDE; i++) {
      if (Float.float16ToFloat(back.getAtIndex(ValueLayout.JAVA_SHORT, i)) != i) {
        return Optional.empty();
      }
    }
    int[][] elements = new int[LANES][ELEMENTS];
    for (int lane = 0; lane < LANES; lane++) {
      for (int i = 0; i < ELEMENTS; i++) {
        elements[lane][i] = table.getAtIndex(ValueLayout.JAVA_INT, 2 + (long) lane * MOST + i);
      }
    }
    return of(elements);
  }

  /// An order, where the lanes together hold each element once.
  ///
  /// @param elements for each lane the elements that it holds, `16 row + column`
  static Optional<FragmentOrder> of(int[][] elements) {
    boolean[] seen = new boolean[SIDE * SIDE];
    for (int[] lane : elements) {
      for (int element : lane) {
        if (element < 0 || element >= seen.length || seen[element]) {
          return Optional.empty();
        }
        seen[element] = true;
      }
    }
    return Optional.of(new FragmentOrder(elements));
  }

  /// The row of a lane's i-th element.
  public int row(int lane, int i) {
    return elements[lane][i] / SIDE;
  }

  /// The column of a lane's i-th element.
  public int column(int lane, int i) {
    return elements[lane][i] % SIDE;
  }

  /// Where [#USUAL]'s pairs (elements 2p and 2p + 1) stand in this order: pair p is this order's
  /// pair `[p]`. Empty when lanes hold other pairs, or not all lanes in one way.
  public Optional<int[]> pairs() {
    int[] places = new int[ELEMENTS / 2];
    for (int p = 0; p < places.length; p++) {
      places[p] = place(USUAL.elements[0][2 * p], USUAL.elements[0][2 * p + 1]);
      if (places[p] < 0) {
        return Optional.empty();
      }
    }
    for (int lane = 0; lane < LANES; lane++) {
      for (int p = 0; p < places.length; p++) {
        if (elements[lane][2 * places[p]] != USUAL.elements[lane][2 * p]
            || elements[lane][2 * places[p] + 1] != USUAL.elements[lane][2 * p + 1]) {
          return Optional.empty();
        }
      }
    }
    return Optional.of(places);
  }

  /// Which of [#USUAL]'s pairs each pair of this order is, two bits each, from the lowest on. Empty
  /// as [#pairs].
  ///
  /// @param number what a kernel calls that pair
  public Optional<Integer> packedPairs(IntUnaryOperator number) {
    return pairs()
        .map(places -> {
          int packed = 0;
          for (int p = 0; p < places.length; p++) {
            packed |= number.applyAsInt(p) << (2 * places[p]);
          }
          return packed;
        });
  }

  private int place(int first, int second) {
    for (int p = 0; p < ELEMENTS / 2; p++) {
      if (elements[0][2 * p] == first && elements[0][2 * p + 1] == second) {
        return p;
      }
    }
    return -1;
  }
}
