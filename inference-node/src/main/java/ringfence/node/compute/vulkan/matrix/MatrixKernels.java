package ringfence.node.compute.vulkan.matrix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelNeeds;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// The variants of the matrix kernels.
public final class MatrixKernels {
  private static final int INTEGER_TILE_BYTES = 88;
  private static final int SECOND_BYTES = 64;
  private static final int FLOAT_TILE_BYTES = 256;
  private static final int SUBGROUP = 32;

  private MatrixKernels() {}

  /// One of each module.
  public static List<KernelVariant> variants() {
    List<KernelVariant> all = new ArrayList<>();
    Ending plain = Ending.plain();
    for (WeightFormat format : WeightFormat.values()) {
      MatVecShape shape = new MatVecShape(4, 1, 2, 4);
      all.add(matVec(format, false, 1, shape, 1, new Chunks(16, 1), false, Packing.NONE, plain));
      if (format.quantised()) {
        all.add(matVec(format, true, 1, shape, 1, new Chunks(16, 1), false, Packing.NONE, plain));
        all.add(
            matVec(format, true, 1, shape, 1, new Chunks(16, 1), false, Packing.NONE, plain)
                .linked());
      }
      all.add(
          matVec(format, false, 1, shape, 1, new Chunks(16, 1), false, Packing.NONE, plain)
              .linked());
      all.add(tiled(format, plain));
      KernelVariant fragments =
          fragments(format, new FragmentShape(1, 4, 2, 2, 16, 1), 0xD8, CarriedNorm.NONE, plain);
      all.add(fragments);
      all.add(fragments.linked());
    }
    return all;
  }

  /// How a mat-vec stages its activations: all at once, or a chunk of column tiles at a time.
  record Chunks(int tiles, int count) {

    /// As few chunks as fit in shared memory.
    static Chunks of(
        int columnTiles,
        int tokens,
        boolean integer,
        int numberBytes,
        MatVecShape shape,
        int shared) {
      int bytesATile = tokens * tileBytes(integer, numberBytes);
      int most = Math.max(1, (shared - fixedBytes(tokens, shape)) / bytesATile);
      int count = Math.ceilDiv(columnTiles, most);
      return new Chunks(Math.ceilDiv(columnTiles, count), count);
    }

    private static int tileBytes(boolean integer, int numberBytes) {
      return integer ? INTEGER_TILE_BYTES + (numberBytes - 1) * SECOND_BYTES : FLOAT_TILE_BYTES;
    }

    private static int fixedBytes(int tokens, MatVecShape shape) {
      int partial = 2 * tokens * shape.tiles() * 16 * shape.kGroups() * 4;
      int squares = tokens * SUBGROUP * shape.kGroups() / 4 * 4;
      int kept = tokens * 16 * 2 * 4;
      return partial + squares + kept;
    }

    int sharedBytes(int tokens, boolean integer, int numberBytes, MatVecShape shape) {
      return fixedBytes(tokens, shape) + tokens * tiles * tileBytes(integer, numberBytes);
    }
  }

  static KernelVariant matVec(
      WeightFormat format,
      boolean integer,
      int numberBytes,
      MatVecShape shape,
      int tokens,
      Chunks chunks,
      boolean norm,
      Packing packing,
      Ending ending) {
    int threads = SUBGROUP * shape.kGroups();
    KernelVariant plain =
        variant(
            integer
                ? KernelModule.of("matvec.comp", Map.of("FORMAT_" + format, "", "INTEGER", ""))
                : KernelModule.of("matvec.comp", Map.of("FORMAT_" + format, "")),
            KernelNeeds.of(
                    threads, Feature.SUBGROUP_ARITHMETIC, Feature.SUBGROUP_SHUFFLE, Feature.INT64)
                .shared(chunks.sharedBytes(tokens, integer, numberBytes, shape)),
            ending,
            threads,
            shape.kGroups(),
            shape.tiles(),
            shape.ahead(),
            tokens,
            chunks.tiles(),
            chunks.count(),
            norm ? 1 : 0,
            packing.input() ? 1 : 0,
            packing.outputCode());
    KernelVariant whole = plain.plusConstant(numberBytes - 1);
    return packing.equals(Packing.NONE) ? whole : whole.subgroups(SUBGROUP);
  }

  static KernelVariant fragments(
      WeightFormat format, FragmentShape shape, int order, CarriedNorm carried, Ending ending) {
    return variant(
            KernelModule.of("fragment.comp", Map.of("FORMAT_" + format, "")),
            KernelNeeds.of(
                    shape.threads(), Feature.FLOAT16, Feature.INT64, Feature.SUBGROUP_SHUFFLE)
                .shared(shape.sharedBytes())
                .halfMatrices(16, shape.width(), 16),
            ending,
            shape.threads(),
            shape.rowTiles(),
            shape.rowGroups(),
            shape.kGroups(),
            shape.ahead(),
            shape.tokens(),
            shape.width(),
            order,
            carried.role().code())
        .subgroups(SUBGROUP);
  }

  static KernelVariant tiled(WeightFormat format, Ending ending) {
    return variant(
        KernelModule.of("matmul.comp", Map.of("FORMAT_" + format, "")),
        KernelNeeds.of(128, Feature.INT64).shared(24 << 10),
        ending);
  }

  /// Constants from 0; those that the kernel has none of stay 0, and 10 on are the ending's.
  private static KernelVariant variant(
      KernelModule module, KernelNeeds needs, Ending ending, int... constants) {
    List<Integer> all = new ArrayList<>();
    for (int constant : constants) {
      all.add(constant);
    }
    while (all.size() < 10) {
      all.add(0);
    }
    all.addAll(ending.constants());
    return new KernelVariant(module, all, 0, needs);
  }
}
