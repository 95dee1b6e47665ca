package ringfence.node.compute.vulkan.pass;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.BatchChecks;
import ringfence.node.compute.FirstLayers;
import ringfence.node.compute.KvType;
import ringfence.node.compute.LoadPart;
import ringfence.node.compute.Logits;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.Profiler;
import ringfence.node.compute.vulkan.VulkanDevices;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Packing;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;

/// The backend on a Vulkan device: weights, keys and values live there, a step is one replay of
/// what was recorded for its shape.
public final class VulkanBackend implements Backend {
  /// Of a device that does not tell.
  private static final int MULTIPROCESSORS = 32;

  private final Pipelines pipelines;
  private final Gpu gpu;
  private final double deviceSeconds;
  private final double openSeconds;
  private final AutoCloseable owner;
  private final BackendOptions options;
  private final BatchChecks checks;
  private final DeviceWeights weights;
  private final KvStore store;
  private final Activations activations;
  private final @Nullable Front front;
  private final @Nullable PhaseLinks links;
  private final int frontLayers;
  private final DevicePass pass;
  private final Head head;
  private final Matrices matrices;
  private final String tuning;
  private final DeviceDraws draws;
  private final PassProfiler profiler = new PassProfiler();

  /// Opens a backend for a model on a device of its own.
  ///
  /// @param model its weights are mapped, and stay so until this is closed: they may still be on
  ///   their way when this returns, and layers that stay on the processor are read where they lie
  /// @param firstLayers opens those
  /// @throws ringfence.node.compute.vulkan.device.GpuException when there is no such device, or it
  ///   has no room for the model
  public static VulkanBackend open(
      Model model, BackendOptions options, FirstLayers.Opener firstLayers) {
    long start = System.nanoTime();
    VulkanDevices.Opened opened = VulkanDevices.open(options.device());
    double seconds = (System.nanoTime() - start) / 1e9;
    try {
      Pipelines pipelines = new Pipelines(opened.gpu());
      StepChoices choices = StepChoices.of(options, opened.gpu().traits());
      return open(pipelines, opened.owner(), model, options, firstLayers, choices, seconds);
    } catch (RuntimeException e) {
      try {
        opened.owner().close();
      } catch (Exception second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  /// Bytes that one position takes in the KV cache, over all layers.
  public static long kvBytesPerToken(ModelSpec spec, KvType type) {
    return KvStore.pageBytes(spec, type, 1) * spec.layers().size();
  }

  /// Opens a backend for a model on an open device.
  ///
  /// @param model as above
  /// @param owner closed last
  public static VulkanBackend open(
      Pipelines pipelines,
      AutoCloseable owner,
      Model model,
      BackendOptions options,
      FirstLayers.Opener firstLayers) {
    StepChoices choices = StepChoices.of(options, pipelines.gpu().traits());
    return open(pipelines, owner, model, options, firstLayers, choices, 0);
  }

  /// Opens a backend as above, but with kernels of one's own choice instead of those remembered.
  public static VulkanBackend openTuned(
      Pipelines pipelines,
      AutoCloseable owner,
      Model model,
      BackendOptions options,
      FirstLayers.Opener firstLayers,
      TunedShapes tuned) {
    StepChoices choices = StepChoices.of(options, pipelines.gpu().traits()).with(tuned);
    return open(pipelines, owner, model, options, firstLayers, choices, 0);
  }

  /// Opens a backend as above, with steps of one's own choice.
  ///
  /// @param deviceSeconds what opening the device took
  static VulkanBackend open(
      Pipelines pipelines,
      AutoCloseable owner,
      Model model,
      BackendOptions options,
      FirstLayers.Opener firstLayers,
      StepChoices choices,
      double deviceSeconds) {
    if (Math.min(options.pages(), options.pageTokens()) < 1 || options.maxBatchTokens() < 1) {
      throw new IllegalArgumentException("every option must be at least 1: " + options);
    }
    LayerSplit split = LayerSplit.of(pipelines.gpu(), model, options);
    DeviceWeights weights =
        ModelWeights.load(pipelines, split.back(), split.weights(), options.threads());
    try {
      return new VulkanBackend(
          pipelines, owner, split, weights, options, firstLayers, choices, deviceSeconds);
    } catch (RuntimeException e) {
      // Its threads must not outlive the device.
      weights.close();
      throw e;
    }
  }

  private VulkanBackend(
      Pipelines pipelines,
      AutoCloseable owner,
      LayerSplit split,
      DeviceWeights weights,
      BackendOptions options,
      FirstLayers.Opener firstLayers,
      StepChoices choices,
      double deviceSeconds) {
    long start = System.nanoTime();
    this.pipelines = pipelines;
    this.deviceSeconds = deviceSeconds;
    this.weights = weights;
    Model model = split.back();
    ModelSpec spec = model.spec();
    this.gpu = pipelines.gpu();
    this.owner = owner;
    this.options = options;
    this.checks =
        new BatchChecks(
            options.pages(), options.pageTokens(), options.maxBatchTokens(), spec.vocabulary());
    int tokens = StepShape.rounded(options.maxBatchTokens());
    this.tuning = choices.tuned().mark();
    this.matrices =
        new Matrices(
            pipelines, choices.arithmetic(), choices.tuned(), Packing.numberBytes(spec.hidden()));
    AttentionSizes sizes =
        AttentionSizes.of(
            spec,
            gpu.traits(),
            matrices
                .fragmentOrder()
                .flatMap(pairs -> pairs.packedPairs(IntUnaryOperator.identity())),
            options.pageTokens(),
            options.deterministic());
    int multiprocessors = gpu.traits().multiprocessors().orElse(MULTIPROCESSORS);
    AttentionPlan plan =
        new AttentionPlan(
            spec.kvHeads(),
            sizes.tileTokens(spec),
            sizes.step(),
            multiprocessors * sizes.onesGroups(),
            multiprocessors * sizes.smallOnesGroups(),
            options.deterministic());
    this.store = new KvStore(gpu, spec, options.kvType(), options.pages(), options.pageTokens());
    this.activations =
        new Activations(
            gpu,
            spec,
            tokens,
            floatTokens(tokens),
            plan.partsLimit(),
            weights.layers().stream().anyMatch(l -> !Product.canGate(l.gate(), l.up())));
    PassKernels kernels =
        new PassKernels(pipelines, spec, options.kvType(), options.pageTokens(), sizes);
    LayerKinds kinds = LayerKinds.of(spec);
    AttentionRecorder attention =
        new AttentionRecorder(spec, kernels, activations, store, kinds, plan);
    this.frontLayers = split.front().map(first -> first.spec().layers().size()).orElse(0);
    this.front =
        split
            .front()
            .map(first ->
                new Front(gpu, firstLayers.open(first, options), tokens, activations.hiddenStride))
            .orElse(null);
    this.links =
        choices
            .links()
            .open(pipelines, StepRecorder.linkedPhases(spec.layers().size()))
            .orElse(null);
    StepRecorder recorder =
        new StepRecorder(
            new StepParts(
                pipelines, spec, weights, matrices, kernels, activations, attention, front),
            kinds,
            this.links);
    this.pass =
        new DevicePass(
            gpu,
            recorder,
            new StepPlan(plan, options.pageTokens(), kinds.windows(), kinds.turns()),
            weights);
    this.head = new Head(gpu, spec, weights, matrices, activations, tokens);
    this.draws = new DeviceDraws(pipelines, head, spec.vocabulary());
    this.openSeconds = (System.nanoTime() - start) / 1e9;
  }

  /// The most tokens of which the matrices want floats.
  private int floatTokens(int tokens) {
    int most = tokens;
    while (most > 1 && matrices.input(most) != Numbers.F32) {
      most--;
    }
    return most;
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    checks.check(batch);
    if (front != null && !front.run(batch, unwanted)) {
      return false;
    }
    int outputs = batch.outputs();
    logits.resize(outputs);
    int padded = StepShape.rounded(outputs);
    List<Recording> last = new ArrayList<>();
    if (outputs > 0) {
      last.add(head.block(0, padded));
      last.add(head.readBack(Math.min(outputs, head.blockRows())));
    }
    if (!pass.run(batch, unwanted, last.toArray(Recording[]::new))) {
      return false;
    }
    for (int first = 0; first < outputs; first += head.blockRows()) {
      int rows = Math.min(outputs - first, head.blockRows());
      if (first > 0) {
        gpu.submit(head.block(first, padded), head.readBack(rows)).await(DevicePass.STEP_LIMIT);
      }
      head.read(first, rows, logits);
    }
    return true;
  }

  @Override
  public boolean drawsOnDevice() {
    return true;
  }

  @Override
  public boolean forward(Batch batch, Outputs outputs, BooleanSupplier unwanted) {
    int rows = batch.outputs();
    if (rows == 0 || rows > head.blockRows() || !DeviceDraws.hasRoom(outputs)) {
      if (!forward(batch, outputs.logits(), unwanted)) {
        return false;
      }
      outputs.drawOnHost();
      return true;
    }
    checks.check(batch);
    if (front != null && !front.run(batch, unwanted)) {
      return false;
    }
    outputs.logits().resize(rows);
    if (profiler.enabled()) {
      runTimed(batch, outputs);
      return true;
    }
    List<Recording> last = new ArrayList<>();
    last.add(head.block(0, StepShape.rounded(rows)));
    boolean any = !outputs.draws().isEmpty();
    if (any) {
      last.add(draws.prepare(outputs));
    }
    boolean reads = IntStream.range(0, rows).anyMatch(outputs::wantsLogits);
    if (reads) {
      last.add(head.readBack(rows));
    }
    if (!pass.run(batch, unwanted, last.toArray(Recording[]::new))) {
      return false;
    }
    if (any) {
      draws.results(outputs);
    }
    if (reads) {
      head.read(0, rows, outputs.logits());
    }
    return true;
  }

  /// One measured pass; its recordings of the head and the drawing are made for it alone.
  private void runTimed(Batch batch, Outputs outputs) {
    int rows = batch.outputs();
    Phases phases = Phases.kept();
    try (Recording block = head.timedBlock(StepShape.rounded(rows), phases);
        Recording drawing = draws.prepareTimed(outputs, phases)) {
      pass.runTimed(batch, profiler, phases, List.of(block, drawing, head.readBack(rows)));
    }
    draws.results(outputs);
    head.read(0, rows, outputs.logits());
  }

  @Override
  public List<LoadPart> loaded() {
    weights.upload().finish();
    List<LoadPart> parts = new ArrayList<>();
    parts.add(new LoadPart("device opened and tried", deviceSeconds, ""));
    parts.add(
        new LoadPart("memory, recordings", openSeconds, "weights are on their way meanwhile"));
    parts.addAll(weights.upload().parts());
    parts.add(
        new LoadPart(
            "kernels", pipelines.nanos() / 1e9, pipelines.count() + " so far, or from the cache"));
    return parts;
  }

  @Override
  public Optional<Profiler> profiler() {
    return Optional.of(profiler);
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    checks.checkCopy(from, to, tokens);
    if (from != to) {
      try (Recording copy = gpu.record()) {
        store.copy(copy, from, to);
        gpu.submit(copy.end()).await(DevicePass.STEP_LIMIT);
      }
      if (front != null) {
        front.copyPage(from, to, tokens);
      }
    }
  }

  @Override
  public int pages() {
    return options.pages();
  }

  @Override
  public int pageTokens() {
    return options.pageTokens();
  }

  @Override
  public int maxBatchTokens() {
    return options.maxBatchTokens();
  }

  @Override
  public String numerics() {
    return "vulkan-"
        + (options.deterministic() ? "invariant" : "fast")
        + (options.kvType() == KvType.F16 ? "" : "-kv-" + options.kvType().label())
        + "-v5"
        + (Packing.isForced() ? "-bytes-" + Packing.numberBytes(0) : "")
        + tuning
        + " "
        + gpu.traits().cacheKey()
        + (front == null ? "" : " after " + frontLayers + " layers of " + front.numerics());
  }

  @Override
  public boolean deterministic() {
    return options.deterministic();
  }

  @Override
  public String device() {
    return gpu.traits().name()
        + ", "
        + gpu.traits().driver()
        + (front == null ? "" : ", the first " + frontLayers + " layers on the CPU");
  }

  @Override
  public void close() {
    try (owner) {
      if (front != null) {
        front.close();
      }
      pass.close();
      draws.close();
      head.close();
      activations.close();
      store.close();
      weights.close();
      matrices.close();
      if (links != null) {
        links.close();
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("closing " + gpu.traits().name(), e);
    }
  }
}
