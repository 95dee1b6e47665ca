package ringfence.node.compute.vulkan.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelNeeds;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.kernel.Pipelines;

/// `repack.comp`: brings rows of a matrix from the file's order into the device's, on the device.
public final class RepackKernel {
  /// Bytes that it may read behind the last row.
  static final int BEYOND = 16;

  private static final int THREADS = 128;
  private static final int LANES = 32;

  private RepackKernel() {}

  /// One for each format.
  public static List<KernelVariant> variants() {
    return Arrays.stream(WeightFormat.values()).map(RepackKernel::variant).toList();
  }

  private static KernelVariant variant(WeightFormat format) {
    return KernelVariant.of(
        KernelModule.of("repack.comp", Map.of("FORMAT_" + format, "")),
        KernelNeeds.of(THREADS, Feature.INT64),
        THREADS,
        format.bytes(Plane.CODES),
        format.bytes(Plane.UPPER),
        format.bytes(Plane.SCALES),
        format.bytes(Plane.SUPERS));
  }

  /// Records it for a run of row tiles.
  ///
  /// @param stored address of the run's first row, a multiple of 4
  static void record(
      Recording recording,
      Pipelines pipelines,
      long stored,
      GpuMatrix to,
      int firstRowTile,
      int rowTiles) {
    WeightLayout layout = to.layout();
    int tiles = Math.multiplyExact(rowTiles, layout.columnTiles());
    PushConstants constants = new PushConstants().address(stored);
    for (Plane plane : Plane.values()) {
      constants.address(to.address() + layout.offset(plane) + layout.bytes(plane, firstRowTile));
    }
    recording.dispatch(
        pipelines.get(variant(layout.format())),
        Math.ceilDiv(tiles, THREADS / LANES),
        1,
        1,
        constants
            .integer(layout.rows() - firstRowTile * WeightLayout.TILE_ROWS)
            .integer(layout.columns())
            .integer(layout.columnTiles())
            .integer(Math.toIntExact(layout.rowBytes()))
            .integer(tiles));
  }
}
