package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ringfence.node.compute.KvType;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.device.Pipeline;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.kernel.KernelNeeds;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Rope;

/// The pass's own kernels, for one model on one device.
public final class PassKernels {
  private static final String FLOAT16 = "FLOAT16";
  private static final int EMBED_THREADS = 64;
  private static final int PLACE_THREADS = 64;
  private static final int ACTIVATE_THREADS = 64;
  private static final int PACK_THREADS = 256;

  /// The constant `TWO_BYTES` of `pack.glsl`.
  private static final int TWO_BYTES_ID = 14;

  private static final int MOST_NORM_THREADS = 1024;

  /// Where the constants after the workgroup's size name the columns of matrices B.
  private static final int ONES_COLUMNS = 10;

  /// What [#norm] does to a row.
  enum NormMode {
    /// Norms the residual stream.
    ALONE(0),
    /// The same, and begins the norms' state that products carry from then on.
    CARRIED(0),
    /// Adds a normed branch to the stream, then norms it.
    JOINED(1),
    /// Adds a normed branch to the stream.
    JOIN_ONLY(2);

    private final int code;

    NormMode(int code) {
      this.code = code;
    }
  }

  /// How attention leaves its results.
  enum Attended {
    FLOATS(0),
    HALVES(1),
    PACKED(2);

    private final int code;

    Attended(int code) {
      this.code = code;
    }
  }

  private final Pipelines pipelines;
  private final ModelSpec spec;
  private final int bytes;
  private final int pageTokens;
  private final AttentionSizes sizes;

  PassKernels(
      Pipelines pipelines, ModelSpec spec, KvType kvType, int pageTokens, AttentionSizes sizes) {
    this.bytes = kvType == KvType.Q8 ? 1 : 0;
    this.pipelines = pipelines;
    this.spec = spec;
    this.pageTokens = pageTokens;
    this.sizes = sizes;
  }

  /// A variant of each module, in sizes that every device has.
  public static List<KernelVariant> variants() {
    List<KernelVariant> variants = new ArrayList<>();
    for (WeightFormat format : WeightFormat.values()) {
      variants.add(embedVariant(format));
    }
    for (boolean float16 : new boolean[] {false, true}) {
      variants.add(normVariant(float16, false, 32, NormMode.ALONE, false, false));
      variants.add(normVariant(float16, true, 32, NormMode.ALONE, false, false));
      variants.add(normVariant(float16, false, 32, NormMode.ALONE, false, false).linked());
      variants.add(normVariant(float16, true, 32, NormMode.ALONE, false, false).linked());
      variants.add(packVariant(float16, 1));
      variants.add(packVariant(float16, 1).linked());
      variants.add(activateVariant(float16, ModelSpec.Activation.SILU, false));
      variants.add(
          KernelVariant.of(
              module("place.comp", float16), needs(float16, 32), 32, 64, 4, 2, 32, 1, 1, 16, 0));
      KernelVariant one =
          KernelVariant.of(
              module("attend_one.comp", float16),
              needs(float16, 32).plus(Feature.INT64),
              32,
              64,
              2,
              2,
              32,
              1,
              1,
              16,
              4,
              2,
              0,
              4,
              2,
              0);
      variants.add(one);
      variants.add(one.linked());
      variants.add(
          KernelVariant.of(
              module("attend_tile.comp", float16), needs(float16, 32), 32, 64, 2, 2, 16, 8, 0, 0));
    }
    KernelVariant ones = onesMatrixVariant(128, 64, 2, 2, 32, 1, 0, 16, 8, 1, 2, 8, 0xE4, 0, 0, 64);
    variants.add(ones);
    variants.add(ones.linked());
    variants.add(matrixVariant(128, 64, 2, 2, 16, true, 0));
    return List.copyOf(variants);
  }

  private static KernelModule module(String source, boolean float16) {
    return float16 ? KernelModule.of(source, Map.of(FLOAT16, "")) : KernelModule.of(source);
  }

  private static KernelNeeds needs(boolean float16, int threads) {
    return float16
        ? KernelNeeds.of(threads, Feature.FLOAT16, Feature.SUBGROUP_SHUFFLE)
        : KernelNeeds.of(threads, Feature.SUBGROUP_SHUFFLE);
  }

  private static KernelVariant embedVariant(WeightFormat format) {
    return KernelVariant.of(
        KernelModule.of("embed.comp", Map.of("FORMAT_" + format.name(), "")),
        KernelNeeds.of(EMBED_THREADS, Feature.INT64),
        EMBED_THREADS);
  }

  private static KernelVariant normVariant(
      boolean float16,
      boolean arithmetic,
      int threads,
      NormMode mode,
      boolean halves,
      boolean chosen) {
    Map<String, String> macros = new TreeMap<>();
    if (float16) {
      macros.put(FLOAT16, "");
    }
    if (arithmetic) {
      macros.put("ARITHMETIC", "");
    }
    KernelNeeds needs =
        arithmetic ? KernelNeeds.of(threads, Feature.SUBGROUP_ARITHMETIC) : KernelNeeds.of(threads);
    return KernelVariant.of(
        KernelModule.of("norm.comp", macros),
        (float16 ? needs.plus(Feature.FLOAT16) : needs).shared(threads * Float.BYTES),
        threads,
        mode.code,
        halves ? 1 : 0,
        chosen ? 1 : 0,
        mode == NormMode.CARRIED ? 1 : 0);
  }

  private static KernelVariant activateVariant(
      boolean float16, ModelSpec.Activation activation, boolean halves) {
    return KernelVariant.of(
        module("activate.comp", float16),
        needs(float16, ACTIVATE_THREADS),
        ACTIVATE_THREADS,
        activation == ModelSpec.Activation.GELU_TANH ? 1 : 0,
        halves ? 1 : 0);
  }

  private static KernelVariant matrixVariant(
      int threads,
      int headSize,
      int kvHeads,
      int group,
      int pageTokens,
      boolean halves,
      int bytes) {
    return KernelVariant.of(
            KernelModule.of("attend_matrix.comp"),
            KernelNeeds.of(
                    threads, Feature.FLOAT16, Feature.SUBGROUP_SHUFFLE, Feature.COOPERATIVE_MATRIX)
                .halfMatrices(16, 16, 16),
            threads,
            headSize,
            kvHeads,
            group,
            pageTokens,
            halves ? 1 : 0,
            bytes)
        .subgroups(32);
  }

  private static KernelVariant onesMatrixVariant(int threads, Integer... constants) {
    List<Integer> all = new ArrayList<>(List.of(threads));
    all.addAll(List.of(constants));
    return KernelVariant.of(
            KernelModule.of("attend_one_matrix.comp"),
            KernelNeeds.of(
                    threads,
                    Feature.FLOAT16,
                    Feature.INT64,
                    Feature.SUBGROUP_SHUFFLE,
                    Feature.SUBGROUP_BALLOT,
                    Feature.COOPERATIVE_MATRIX)
                .halfMatrices(16, constants[ONES_COLUMNS], 16),
            all.toArray(Integer[]::new))
        .subgroups(32);
  }

  private boolean float16() {
    return traits().has(Feature.FLOAT16);
  }

  private GpuTraits traits() {
    return pipelines.gpu().traits();
  }

  /// Gathers rows of the embedding: a workgroup for [#embedGroups] of a token.
  Pipeline embed(WeightFormat format) {
    return pipelines.get(embedVariant(format));
  }

  /// Workgroups of a token, given the tiles of an embedding's row.
  static int embedGroups(int columnTiles) {
    return Math.ceilDiv(4 * columnTiles, EMBED_THREADS);
  }

  /// A workgroup for each row.
  KernelVariant norm(NormMode mode, boolean halves, boolean chosen) {
    int quads = Activations.padded(spec.hidden()) / 4;
    int threads =
        Math.min(
            traits().isSoftware() ? 32 : Math.min(MOST_NORM_THREADS, Integer.highestOneBit(quads)),
            Integer.highestOneBit(traits().limits().maxInvocations()));
    boolean arithmetic = traits().has(Feature.SUBGROUP_ARITHMETIC);
    return normVariant(float16(), arithmetic, threads, mode, halves, chosen);
  }

  /// A workgroup for [#activateGroups] of each row.
  Pipeline activate(ModelSpec.Activation activation, boolean halves) {
    return pipelines.get(activateVariant(float16(), activation, halves));
  }

  /// Workgroups of a row.
  static int activateGroups(int columns) {
    return Math.ceilDiv(columns, 2 * ACTIVATE_THREADS);
  }

  /// A workgroup for each head (of queries, keys and values) of each token.
  Pipeline place(Rope rope, boolean normed) {
    return pipelines.get(
        KernelVariant.of(
            module("place.comp", float16()),
            needs(float16(), PLACE_THREADS)
                .shared((KvStore.width(spec) + PLACE_THREADS) * Float.BYTES),
            PLACE_THREADS,
            spec.headSize(),
            spec.heads(),
            spec.kvHeads(),
            rope.inverseFrequencies().length,
            rope.pairing() == Rope.Pairing.HALVES ? 1 : 0,
            normed ? 1 : 0,
            pageTokens,
            bytes));
  }

  private static KernelVariant packVariant(boolean float16, int numberBytes) {
    KernelVariant variant =
        KernelVariant.of(
            module("pack.comp", float16),
            needs(float16, PACK_THREADS).plus(Feature.INT64),
            PACK_THREADS);
    while (variant.constants().size() < TWO_BYTES_ID) {
      variant = variant.plusConstant(0);
    }
    return variant.plusConstant(numberBytes - 1);
  }

  /// A workgroup for each row.
  KernelVariant pack() {
    return packVariant(float16(), Packing.numberBytes(spec.hidden()))
        .subgroups(traits().subgroupSize());
  }

  /// A workgroup for each item and key/value head.
  ///
  /// @param many whether there are more of them than large workgroups run at a time
  KernelVariant attendOne(Rope rope, boolean normed, Attended attended, boolean many) {
    OnesMatrix ones = sizes.ones();
    if (ones != null) {
      int threads = many ? OnesMatrix.SMALL_THREADS : OnesMatrix.THREADS;
      return onesMatrixVariant(
          threads,
          spec.headSize(),
          spec.kvHeads(),
          AttentionPlan.group(spec),
          rope.inverseFrequencies().length,
          rope.pairing() == Rope.Pairing.HALVES ? 1 : 0,
          normed ? 1 : 0,
          pageTokens,
          ones.lanes(),
          ones.vectors(),
          attended.code,
          ones.columns(),
          ones.order(),
          bytes,
          Packing.numberBytes(spec.hidden()) - 1,
          OnesMatrix.slice(spec, threads));
    }
    return KernelVariant.of(
            module("attend_one.comp", float16()),
            needs(float16(), sizes.onesThreads()).plus(Feature.INT64),
            sizes.onesThreads(),
            spec.headSize(),
            spec.kvHeads(),
            AttentionPlan.group(spec),
            rope.inverseFrequencies().length,
            rope.pairing() == Rope.Pairing.HALVES ? 1 : 0,
            normed ? 1 : 0,
            pageTokens,
            sizes.lanes(),
            sizes.vectors(),
            attended.code,
            sizes.run(),
            sizes.together(),
            bytes)
        .plusConstant(Packing.numberBytes(spec.hidden()) - 1)
        .subgroups(traits().subgroupSize());
  }

  /// A workgroup for each tile and key/value head.
  Pipeline attendTile(boolean halves) {
    if (sizes.matrices()) {
      return pipelines.get(
          matrixVariant(
              sizes.tileThreads(),
              spec.headSize(),
              spec.kvHeads(),
              AttentionPlan.group(spec),
              pageTokens,
              halves,
              bytes));
    }
    return pipelines.get(
        KernelVariant.of(
                module("attend_tile.comp", float16()),
                needs(float16(), sizes.tileThreads()),
                sizes.tileThreads(),
                spec.headSize(),
                spec.kvHeads(),
                AttentionPlan.group(spec),
                pageTokens,
                sizes.block(),
                halves ? 1 : 0,
                bytes)
            .subgroups(traits().subgroupSize()));
  }
}
