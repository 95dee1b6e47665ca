package ringfence.node.compute.vulkan.matrix;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import ringfence.node.compute.vulkan.device.Feature;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.PushConstants;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.FragmentOrder;
import ringfence.node.compute.vulkan.kernel.KernelVariant;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Records products of weights and activations: chooses the kernel, and has the scratch memory that
/// some need.
///
/// Up to [#CONCURRENT] products may run without a barrier between them. What one reads and another
/// writes needs one. For one thread at a time.
public final class Matrices implements AutoCloseable {
  /// Products that may overlap.
  public static final int CONCURRENT = 4;

  private static final int PACKING_SUBGROUP = 32;
  private static final int COUNTERS = 4096;
  private static final long PART_BYTES = 16L << 20;
  private static final int MOST_SHARED = 48 << 10;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Pipelines pipelines;
  private final Arithmetic arithmetic;
  private final int numberBytes;
  private final Tuning tuning;
  private final TunedShapes tuned;
  private final GpuTraits traits;
  private final Optional<FragmentOrder> fragments;
  private final Optional<Integer> order;
  private final boolean matVecs;
  private final GpuBuffer scratch;
  private int turn;

  /// With sizes that suit most devices.
  public Matrices(Pipelines pipelines, Arithmetic arithmetic) {
    this(pipelines, arithmetic, TunedShapes.NONE);
  }

  /// With sizes that were measured, in [Arithmetic#FAST] alone.
  public Matrices(Pipelines pipelines, Arithmetic arithmetic, TunedShapes measured) {
    this(pipelines, arithmetic, measured, 1);
  }

  /// With sizes that were measured, in [Arithmetic#FAST] alone.
  ///
  /// @param numberBytes of a number where activations are multiplied as integers, 1 or 2, see
  ///   [Packing#numberBytes]
  public Matrices(
      Pipelines pipelines, Arithmetic arithmetic, TunedShapes measured, int numberBytes) {
    this.numberBytes = numberBytes;
    this.tuned = arithmetic == Arithmetic.FAST ? measured : TunedShapes.NONE;
    this.pipelines = pipelines;
    this.arithmetic = arithmetic;
    Gpu gpu = pipelines.gpu();
    traits = gpu.traits();
    tuning = new Tuning(traits);
    fragments = FragmentOrder.ask(pipelines);
    order = fragments.flatMap(order -> order.packedPairs(Matrices::ownPair));
    matVecs = traits.has(Feature.SUBGROUP_ARITHMETIC) && traits.has(Feature.SUBGROUP_SHUFFLE);
    scratch = gpu.allocate(order.isPresent() ? CONCURRENT * slotBytes() : 256, MemoryUse.DEVICE);
    try (Recording clear = gpu.record()) {
      gpu.submit(clear.fill(scratch, 0, scratch.size(), 0).end()).await(LIMIT);
    }
  }

  private static long slotBytes() {
    return COUNTERS * 4L + PART_BYTES;
  }

  /// Pairs go row by row in [FragmentOrder#USUAL], in tiles of weights column by column.
  private static int ownPair(int usual) {
    return usual / 2 + 2 * (usual % 2);
  }

  /// How the device's fragments are ordered, where it has any.
  public Optional<FragmentOrder> fragmentOrder() {
    return fragments;
  }

  /// Whether cooperative matrices can be used for so many tokens of a workgroup.
  public boolean hasFragments(FragmentShape shape) {
    return order.isPresent() && traits.hasHalfMatrices(16, shape.width(), 16);
  }

  /// The numbers that products of so many tokens take as input.
  public Numbers input(int tokens) {
    return kind(tokens) == Kind.FRAGMENTS ? Numbers.F16 : Numbers.F32;
  }

  /// Whether products of so many tokens take an RMS norm along.
  public boolean fusesNorm(int tokens) {
    return kind(tokens) == Kind.MATVEC;
  }

  private enum Kind {
    MATVEC,
    FRAGMENTS,
    TILED
  }

  private Kind kind(int tokens) {
    boolean fragments = order.isPresent();
    return switch (arithmetic) {
      case FAST, FLOAT ->
          matVecs && tokens <= (fragments ? tuning.mostMatVecTokens() : Choice.MatVec.MOST_TOKENS)
              ? Kind.MATVEC
              : fragments ? Kind.FRAGMENTS : Kind.TILED;
      case EXACT -> matVecs && tokens <= Choice.MatVec.MOST_TOKENS ? Kind.MATVEC : Kind.TILED;
      case DETERMINISTIC -> fragments ? Kind.FRAGMENTS : Kind.TILED;
    };
  }

  /// The kernel for a product.
  ///
  /// @param matrices 2 when gated
  public Choice choose(WeightFormat format, int rows, int columns, int tokens, int matrices) {
    return choose(format, rows, columns, tokens, matrices, Packing.NONE);
  }

  /// What was measured holds for activations that are not packed.
  private Choice choose(
      WeightFormat format, int rows, int columns, int tokens, int matrices, Packing packing) {
    Kind kind = kind(tokens);
    Optional<Choice> found =
        packing.equals(Packing.NONE)
            ? tuned.find(format, rows, columns, tokens, matrices)
            : Optional.empty();
    boolean packs = packing.output();
    return found
        .filter(c -> fits(c, kind, matrices))
        .orElseGet(() -> byDefault(kind, format, rows, columns, tokens, matrices, packs));
  }

  /// Whether a choice can be taken: the device still has it, and it takes the same input.
  private boolean fits(Choice choice, Kind kind, int matrices) {
    return switch (choice) {
      case Choice.MatVec(MatVecShape shape, boolean integer) ->
          kind == Kind.MATVEC
              && 32 * shape.kGroups() <= traits.limits().maxInvocations()
              && (matrices == 1 || shape.tiles() % 2 == 0);
      case Choice.Fragments(FragmentShape shape) ->
          kind == Kind.FRAGMENTS
              && hasFragments(shape)
              && isWithinLimits(shape)
              && (matrices == 1 || shape.rowTiles() % 2 == 0);
      case Choice.Tiled tiled -> false;
    };
  }

  /// The kernel for a product, as if nothing had been measured.
  public Choice byDefault(WeightFormat format, int rows, int columns, int tokens, int matrices) {
    return byDefault(kind(tokens), format, rows, columns, tokens, matrices, false);
  }

  private Choice byDefault(
      Kind kind,
      WeightFormat format,
      int rows,
      int columns,
      int tokens,
      int matrices,
      boolean packs) {
    return switch (kind) {
      case MATVEC ->
          new Choice.MatVec(
              tuning.matVec(columns, matrices, packs),
              arithmetic == Arithmetic.FAST && format.quantised());
      case FRAGMENTS -> new Choice.Fragments(fragmentShape(rows, tokens, matrices));
      case TILED -> new Choice.Tiled();
    };
  }

  private FragmentShape fragmentShape(int rows, int tokens, int matrices) {
    FragmentShape shape =
        arithmetic == Arithmetic.DETERMINISTIC
            ? tuning.invariant(tokens, matrices)
            : tuning.fragments(rows, tokens, matrices);
    // 8 tokens of 16: half of them for nothing.
    shape = hasFragments(shape) ? shape : shape.withTokens(16);
    // Fewer tokens and rows, which no order of summation depends on.
    while (!isWithinLimits(shape) && shape.tokens() > 16) {
      shape = shape.withTokens(shape.tokens() / 2);
    }
    while (!isWithinLimits(shape) && shape.rowGroups() > 1) {
      shape = shape.withRowGroups(shape.rowGroups() / 2);
    }
    return shape;
  }

  private boolean isWithinLimits(FragmentShape shape) {
    return shape.threads() <= traits.limits().maxInvocations()
        && shape.sharedBytes() <= traits.limits().sharedBytes();
  }

  /// Whether products of so many tokens can be in linked phases.
  public boolean canLink(int tokens) {
    return kind(tokens) != Kind.TILED;
  }

  /// Whether products of so many tokens take packed activations, and leave them.
  public boolean packs(int tokens) {
    return arithmetic == Arithmetic.FAST
        && kind(tokens) == Kind.MATVEC
        && traits.canHaveSubgroupSize(PACKING_SUBGROUP);
  }

  /// How many sums of squares of each token a product would leave, if it left the next norm's input
  /// behind ([CarriedNorm.Left]); 0 where it can't.
  public int carriedParts(GpuMatrix matrix, int tokens) {
    boolean may =
        (arithmetic == Arithmetic.FAST || arithmetic == Arithmetic.FLOAT)
            && tokens <= CarriedNorm.MOST_TOKENS
            && matrix.rows() % 4 == 0;
    return may
            && choose(matrix.format(), matrix.rows(), matrix.columns(), tokens, 1)
                instanceof Choice.Fragments(FragmentShape shape)
            && shape.canLeaveNorms()
            && Math.ceilDiv(matrix.rows(), shape.rows()) <= CarriedNorm.MOST_PARTS
        ? Math.ceilDiv(matrix.rows(), shape.rows())
        : 0;
  }

  /// Records a product with the kernel that suits it.
  public void record(Recording recording, Product product, int tokens) {
    record(PhaseChain.ofBarriers(recording, pipelines), List.of(product), tokens);
  }

  /// Records products that run side by side, at most [#CONCURRENT], each with the kernel that suits
  /// it; none reads what another writes.
  public void record(PhaseChain to, List<Product> sideBySide, int tokens) {
    int groups = 0;
    int rounds = 1;
    List<Choice> choices = new ArrayList<>();
    for (Product product : sideBySide) {
      GpuMatrix matrix = product.matrix();
      int matrices = Ending.of(product).matrices();
      Choice choice =
          choose(
              matrix.format(),
              matrix.rows(),
              matrix.columns(),
              tokens,
              matrices,
              product.packing());
      choices.add(choice);
      if (choice instanceof Choice.Fragments(FragmentShape shape)) {
        groups += groups(matrix, shape, matrices, tokens);
      }
      if (choice instanceof Choice.MatVec(MatVecShape shape, boolean integer)) {
        groups += groups(product, shape);
        rounds = Math.max(rounds, rounds(groups, shape));
      }
    }
    if (groups > 2 * tuning.processors()) {
      groups = widen(sideBySide, choices, tokens);
    }
    for (int i = 0; i < choices.size(); i++) {
      record(to, sideBySide.get(i), tokens, choices.get(i), groups, rounds);
    }
  }

  /// Products side by side that are more workgroups than the device has room for at a time: those
  /// of one row of tiles take two.
  ///
  /// @return workgroups of fragments now
  private static int widen(List<Product> sideBySide, List<Choice> choices, int tokens) {
    int groups = 0;
    for (int i = 0; i < choices.size(); i++) {
      if (choices.get(i) instanceof Choice.Fragments(FragmentShape shape)) {
        int matrices = Ending.of(sideBySide.get(i)).matrices();
        boolean widens = choices.size() > 1 && shape.rows() == 16 && shape.splits() == 0;
        FragmentShape wide = widens ? shape.paired() : shape;
        choices.set(i, new Choice.Fragments(wide));
        groups += groups(sideBySide.get(i).matrix(), wide, matrices, tokens);
      }
    }
    return groups;
  }

  private static int groups(GpuMatrix matrix, FragmentShape shape, int matrices, int tokens) {
    return Math.ceilDiv(matrix.layout().rowTiles(), shape.rows() / 16 / matrices)
        * Math.ceilDiv(tokens, shape.tokens());
  }

  /// Records a product with a kernel of one's choice.
  ///
  /// @throws IllegalArgumentException when that kernel can't compute it
  public void record(Recording recording, Product product, int tokens, Choice choice) {
    record(PhaseChain.ofBarriers(recording, pipelines), product, tokens, choice, 0, 1);
  }

  private static MatVecShape shape(Product product, MatVecShape shape) {
    int matrices = Ending.of(product).matrices();
    return matrices == 2 && shape.tiles() % 2 != 0 ? shape.withTiles(2) : shape;
  }

  /// Workgroups that a mat-vec would have if each took its rows once.
  private static int groups(Product product, MatVecShape shape) {
    int tiles = shape(product, shape).tiles() / Ending.of(product).matrices();
    return Math.ceilDiv(
        product.matrix().layout().rowTiles(),
        product.packing().output() ? Math.max(tiles, Packing.BLOCK / 16) : tiles);
  }

  /// How often each workgroup takes rows, so that all of them run at once.
  private int rounds(int groups, MatVecShape shape) {
    return Math.ceilDiv(groups, tuning.processors() * shape.groupsAProcessor());
  }

  /// @param atLeast workgroups that run side by side anyway
  /// @param rounds at least
  private void record(
      PhaseChain to, Product product, int tokens, Choice choice, int atLeast, int rounds) {
    if (tokens < 1) {
      throw new IllegalArgumentException("a product of " + tokens + " tokens");
    }
    if (!product.packing().equals(Packing.NONE)
        && !(choice instanceof Choice.MatVec(MatVecShape shape, boolean integer) && integer)) {
      throw new IllegalArgumentException(choice + " takes nothing packed");
    }
    if (!product.carried().equals(CarriedNorm.NONE)
        && (tokens > CarriedNorm.MOST_TOKENS
            || !(choice instanceof Choice.Fragments(FragmentShape shape)
                && (product.carried().role() != CarriedNorm.Role.LEAVES
                    || shape.canLeaveNorms())))) {
      throw new IllegalArgumentException(choice + " of " + tokens + " tokens carries no norms");
    }
    if (product.input().norm() != 0 && !(choice instanceof Choice.MatVec)) {
      throw new IllegalArgumentException(choice + " takes no norm along");
    }
    switch (choice) {
      case Choice.MatVec matVec -> matVec(to, product, tokens, matVec, rounds);
      case Choice.Fragments(FragmentShape shape) -> fragments(to, product, tokens, shape, atLeast);
      case Choice.Tiled tiled -> tiled(to, product, tokens);
    }
  }

  private void matVec(
      PhaseChain to, Product product, int tokens, Choice.MatVec choice, int atLeast) {
    if (tokens > Choice.MatVec.MOST_TOKENS) {
      throw new IllegalArgumentException("a mat-vec of " + tokens + " tokens");
    }
    GpuMatrix matrix = product.matrix();
    Ending ending = Ending.of(product);
    MatVecShape shape = shape(product, choice.shape());
    MatrixKernels.Chunks chunks =
        MatrixKernels.Chunks.of(
            matrix.layout().columnTiles(),
            tokens,
            choice.integer(),
            numberBytes,
            shape,
            Math.min(traits.limits().sharedBytes(), MOST_SHARED));
    KernelVariant variant =
        MatrixKernels.matVec(
            matrix.format(),
            choice.integer(),
            numberBytes,
            shape,
            tokens,
            chunks,
            product.input().norm() != 0,
            product.packing(),
            ending);
    int groups = groups(product, choice.shape());
    int rounds = Math.max(atLeast, rounds(groups, shape));
    to.dispatch(
        variant,
        Math.ceilDiv(groups, rounds),
        1,
        1,
        arguments(product, tokens, product.results().packed(), 0));
  }

  private void fragments(
      PhaseChain to, Product product, int tokens, FragmentShape shape, int atLeast) {
    GpuMatrix matrix = product.matrix();
    Ending ending = Ending.of(product);
    if (!hasFragments(shape) || (ending.matrices() == 2 && shape.rowTiles() % 2 != 0)) {
      throw new IllegalArgumentException(shape + " can't be used here");
    }
    int groups = groups(matrix, shape, ending.matrices(), tokens);
    int turns = Math.ceilDiv(matrix.layout().columnTiles(), shape.kGroups());
    int splits =
        shape.splits() == 0
            ? tuning.splits(Math.max(groups, atLeast), turns, shape)
            : shape.splits();
    long partBytes = 4L * shape.rows() * shape.tokens();
    splits = Math.clamp(PART_BYTES / (partBytes * groups), 1, Math.min(splits, turns));
    if (groups > COUNTERS) {
      splits = 1;
    }
    int each = Math.ceilDiv(turns, splits);
    splits = Math.ceilDiv(turns, each);
    long slot = splits == 1 ? 0 : scratch.address() + turn++ % CONCURRENT * slotBytes();
    to.dispatch(
        MatrixKernels.fragments(
            matrix.format(), shape, order.orElseThrow(), product.carried(), ending),
        groups,
        splits,
        1,
        arguments(product, tokens, slot, each));
  }

  private void tiled(PhaseChain to, Product product, int tokens) {
    GpuMatrix matrix = product.matrix();
    to.dispatch(
        MatrixKernels.tiled(matrix.format(), Ending.of(product)),
        Math.ceilDiv(matrix.rows(), Choice.Tiled.ROWS) * Math.ceilDiv(tokens, Choice.Tiled.TOKENS),
        1,
        1,
        arguments(product, tokens, 0, 0));
  }

  /// The block `Arguments` of `matrix.glsl`.
  private static PushConstants arguments(Product product, int tokens, long scratch, int each) {
    Product.Input input = product.input();
    Product.Results results = product.results();
    CarriedNorm carried = product.carried();
    // A product has one norm at most.
    long norm = input.norm() | results.nextNorm() | carried.weights();
    return new PushConstants()
        .address(product.matrix().address())
        .address(carried.halves() == 0 ? product.upAddress() : carried.halves())
        .address(input.address())
        .address(norm)
        .address(product.added().bias())
        .address(product.added().residual())
        .address(results.address())
        .address(scratch)
        .integer(product.matrix().rows())
        .integer(product.matrix().columns())
        .integer(tokens)
        .integer(input.stride())
        .integer(results.stride())
        .integer(product.added().residualStride())
        .real(Math.max(input.epsilon(), carried.epsilon()))
        .integer(each)
        .address(carried.state())
        .integer(carried.sideCode())
        .integer(carried.parts());
  }

  @Override
  public void close() {
    scratch.close();
  }
}
