package ringfence.node.compute.vulkan.matrix;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import ringfence.node.cache.CacheFolder;
import ringfence.node.compute.vulkan.device.CacheFile;
import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.kernel.KernelModule;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Kernels that were measured to be the fastest on one device: `node tune` finds and keeps them,
/// [Matrices] takes them where it may, and its own sizes for all else.
///
/// They are kept in a file for a device, its driver and the kernels of this build; one that is of
/// others, damaged or not understood counts as none.
///
/// @param choices what was found; immutable
public record TunedShapes(Map<Key, Choice> choices) {
  /// Nothing was measured.
  public static final TunedShapes NONE = new TunedShapes(Map.of());

  private static final System.Logger LOG = System.getLogger(TunedShapes.class.getName());
  private static final int MOST = 4096;
  private static final int MOST_BYTES = 1 << 20;
  private static final int FIELDS = 11;
  private static final int[] BUCKETS = {1, 8, 16, 32, 96};

  /// For which products.
  ///
  /// @param matrices 2 when gated
  /// @param bucket numbers of tokens that share a kernel
  public record Key(WeightFormat format, int rows, int columns, int matrices, Bucket bucket) {}

  /// Numbers of tokens that share a kernel.
  ///
  /// @param most of them; [Integer#MAX_VALUE]: no end
  public record Bucket(int most) {
    /// The one that holds a number of tokens.
    public static Bucket of(int tokens) {
      return new Bucket(
          Arrays.stream(BUCKETS).filter(b -> tokens <= b).findFirst().orElse(Integer.MAX_VALUE));
    }

    /// All of them.
    public static List<Bucket> all() {
      return Arrays.stream(new int[] {1, 8, 16, 32, 96, 97}).mapToObj(Bucket::of).toList();
    }

    /// A number of tokens to measure it with.
    public int measured() {
      return switch (most) {
        case 96 -> 64;
        case Integer.MAX_VALUE -> 512;
        default -> most;
      };
    }
  }

  public TunedShapes {
    choices = Map.copyOf(choices);
  }

  /// What was found for a product.
  Optional<Choice> find(WeightFormat format, int rows, int columns, int tokens, int matrices) {
    return choices.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(
            choices.get(new Key(format, rows, columns, matrices, Bucket.of(tokens))));
  }

  /// What was found for some numbers of tokens alone.
  public TunedShapes only(Set<Bucket> buckets) {
    Map<Key, Choice> some = new HashMap<>(choices);
    some.keySet().removeIf(key -> !buckets.contains(key.bucket()));
    return new TunedShapes(some);
  }

  /// This with what was found anew.
  ///
  /// @param measured products for which `found` counts, whether it has a choice for them or not
  public TunedShapes with(Set<Key> measured, TunedShapes found) {
    Map<Key, Choice> all = new HashMap<>(choices);
    all.keySet().removeAll(measured);
    all.putAll(found.choices);
    if (all.size() > MOST) {
      throw new IllegalStateException(
          "more than " + MOST + " kernels are remembered: run 'node tune --forget' first");
    }
    return new TunedShapes(all);
  }

  /// Changes with what was found, so that equal names mean equal arithmetic; empty for [#NONE].
  public String mark() {
    return choices.isEmpty()
        ? ""
        : "-tuned-" + Integer.toHexString(String.join("\n", lines()).hashCode());
  }

  /// What is remembered of a device in the user's cache folder.
  public static TunedShapes remembered(GpuTraits traits) {
    return remembered(traits, CacheFolder.ofUser());
  }

  /// As above, in another folder. None of a device that is software: there is nothing to gain.
  public static TunedShapes remembered(GpuTraits traits, Path cache) {
    return traits.isSoftware() ? NONE : read(traits, cache);
  }

  /// What a device's file holds.
  static TunedShapes read(GpuTraits traits, Path cache) {
    byte[] bytes = file(traits, cache).read();
    if (bytes.length == 0 || bytes.length > MOST_BYTES) {
      return NONE;
    }
    List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
    if (!lines.getFirst().equals(build()) || lines.size() - 1 > MOST) {
      LOG.log(
          System.Logger.Level.INFO,
          "{0} was tuned for other kernels than this build's: run 'node tune' again",
          traits.name());
      return NONE;
    }
    Map<Key, Choice> found = new HashMap<>();
    try {
      lines.stream().skip(1).forEach(line -> parse(line, found));
    } catch (IllegalArgumentException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "what was tuned for {0} is not understood and not used: {1}",
          traits.name(),
          e.getMessage());
      return NONE;
    }
    LOG.log(
        System.Logger.Level.INFO, "{0}: {1} kernels as tuned here", traits.name(), found.size());
    return new TunedShapes(found);
  }

  /// Keeps this for a device.
  public void remember(GpuTraits traits, Path cache) {
    String text = build() + "\n" + String.join("\n", lines());
    file(traits, cache).write(text.getBytes(StandardCharsets.UTF_8));
  }

  private static CacheFile file(GpuTraits traits, Path cache) {
    return new CacheFile(cache.resolve("tuning").resolve(traits.cacheKey()));
  }

  /// Of the kernels that the sizes are for.
  private static String build() {
    List<KernelModule> modules =
        MatrixKernels.variants().stream().map(v -> v.module()).distinct().toList();
    return "ringfence tuning 1 " + KernelModule.digest(modules);
  }

  private List<String> lines() {
    Map<String, String> sorted = new TreeMap<>();
    choices.forEach((key, choice) -> {
      String product =
          "%s %d %d %d %d"
              .formatted(
                  key.format(), key.rows(), key.columns(), key.matrices(), key.bucket().most());
      sorted.put(product, product + " " + sizes(choice));
    });
    return List.copyOf(sorted.values());
  }

  private static String sizes(Choice choice) {
    return switch (choice) {
      case Choice.MatVec(MatVecShape s, boolean integer) ->
          "matvec %d %d %d %d %d"
              .formatted(s.kGroups(), s.tiles(), s.ahead(), s.groupsAProcessor(), integer ? 1 : 0);
      case Choice.Fragments(FragmentShape s) ->
          "fragments %d %d %d %d %d %d"
              .formatted(
                  s.rowTiles(), s.rowGroups(), s.kGroups(), s.ahead(), s.tokens(), s.splits());
      case Choice.Tiled tiled -> throw new IllegalArgumentException("nothing to tune in " + tiled);
    };
  }

  private static void parse(String line, Map<Key, Choice> to) {
    String[] parts = line.split(" ", -1);
    if (parts.length < FIELDS) {
      throw new IllegalArgumentException("'" + line + "'");
    }
    int[] n = new int[parts.length];
    for (int i = 1; i < parts.length; i++) {
      n[i] = i == 5 ? 0 : Integer.parseInt(parts[i]);
    }
    Key key = new Key(WeightFormat.valueOf(parts[0]), n[1], n[2], n[3], new Bucket(n[4]));
    Choice choice =
        switch (parts[5] + parts.length) {
          case "matvec11" -> new Choice.MatVec(new MatVecShape(n[6], n[7], n[8], n[9]), n[10] != 0);
          case "fragments12" ->
              new Choice.Fragments(new FragmentShape(n[6], n[7], n[8], n[9], n[10], n[11]));
          default -> throw new IllegalArgumentException("'" + line + "'");
        };
    to.put(key, choice);
  }
}
