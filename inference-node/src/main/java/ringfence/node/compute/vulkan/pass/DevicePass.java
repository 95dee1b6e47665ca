package ringfence.node.compute.vulkan.pass;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.Batch;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.device.Submission;

/// Steps of one model on one device: plans a batch, writes its data where the device reads them,
/// and submits the recording of its shape, which is made when the shape first comes.
///
/// One step at a time; a step has ended when [#run] returns.
final class DevicePass implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DevicePass.class.getName());

  /// A device that takes longer for a part of a step hangs.
  static final Duration STEP_LIMIT = Duration.ofMinutes(2);

  /// Recordings that are kept; the one that was used longest ago makes room.
  private static final int MOST_SHAPES = 96;

  /// Prompts of so many tokens are cut into several submissions, between which nobody may want them
  /// any more.
  private static final int LONG_STEP = 16;

  private static final int PARTS = 8;
  private static final long LEAST_STEP_BYTES = 1 << 16;

  private final Gpu gpu;
  private final StepRecorder recorder;
  private final StepPlan plan;
  private final DeviceWeights weights;
  private final Map<Key, Step> steps = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable GpuBuffer data;

  private record Key(StepShape shape, boolean timed) {}

  /// A recorded shape.
  private record Step(StepLayout layout, List<Recording> parts, Phases phases) {
    void close() {
      parts.forEach(Recording::close);
    }
  }

  DevicePass(Gpu gpu, StepRecorder recorder, StepPlan plan, DeviceWeights weights) {
    this.weights = weights;
    this.gpu = gpu;
    this.recorder = recorder;
    this.plan = plan;
  }

  /// Computes a checked batch, up to the normed rows that want logits.
  ///
  /// @param unwanted asked before each part of the step
  /// @param last submitted behind the step's last part
  /// @return false when it was given up
  boolean run(Batch batch, BooleanSupplier unwanted, Recording... last) {
    StepShape shape = plan.plan(batch);
    if (!runOnce(shape, unwanted, last)) {
      return false;
    }
    if (recorder.linkFailed(shape)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} did not start workgroups in order: from now on barriers part the phases of a step",
          gpu.traits().name());
      recorder.unlink();
      forget();
      return runOnce(shape, unwanted, last);
    }
    return true;
  }

  private boolean runOnce(StepShape shape, BooleanSupplier unwanted, Recording... last) {
    Step step = step(new Key(shape, false));
    plan.write(step.layout(), buffer(step.layout().size).mapped());
    List<Recording> parts = step.parts();
    @Nullable Submission running = null;
    for (int i = 0; i < parts.size(); i++) {
      if (unwanted.getAsBoolean()) {
        finish(running);
        return false;
      }
      Submission next;
      if (i == parts.size() - 1) {
        weights.awaitAll();
        Recording[] all = new Recording[last.length + 1];
        all[0] = parts.get(i);
        System.arraycopy(last, 0, all, 1, last.length);
        next = gpu.submit(all);
      } else {
        // While a model is loaded, a prompt's first layers need not wait for the last.
        weights.awaitLayers(recorder.layersBefore(i + 1, PARTS));
        next = gpu.submit(parts.get(i));
      }
      // One part runs, one waits behind it: the device is never idle, and an unwanted step soon
      // ends.
      finish(running);
      running = next;
    }
    finish(running);
    return true;
  }

  /// Computes a checked batch in one submission and tells where the time went.
  ///
  /// @param last submitted behind it
  /// @param lastPhases what that notes
  void runTimed(Batch batch, PassProfiler profiler, Phases lastPhases, List<Recording> last) {
    Step step = step(new Key(plan.plan(batch), true));
    plan.write(step.layout(), buffer(step.layout().size).mapped());
    List<Recording> all = new ArrayList<>(step.parts());
    all.addAll(last);
    weights.awaitAll();
    Submission submission = gpu.submit(all.toArray(Recording[]::new));
    finish(submission);
    List<Phases.Noted> noted = new ArrayList<>(step.phases().noted());
    noted.addAll(lastPhases.noted());
    profiler.take(noted, submission.timings(), plan.seen(batch));
  }

  private static void finish(@Nullable Submission running) {
    if (running != null) {
      running.await(STEP_LIMIT);
    }
  }

  private Step step(Key key) {
    Step known = steps.get(key);
    if (known != null) {
      return known;
    }
    StepShape shape = key.shape();
    StepLayout layout = recorder.layout(shape);
    buffer(layout.size);
    if (steps.size() >= MOST_SHAPES) {
      Iterator<Step> oldest = steps.values().iterator();
      oldest.next().close();
      oldest.remove();
    }
    boolean isLong = shape.tiles() > 0 && shape.tokens() >= LONG_STEP;
    Phases phases = key.timed() ? Phases.kept() : Phases.none();
    int parts = isLong && !key.timed() ? PARTS : 1;
    Step made =
        new Step(layout, recorder.record(layout, buffer(layout.size), parts, phases), phases);
    steps.put(key, made);
    return made;
  }

  /// The buffer of the steps' data; when it has to grow, what was recorded with it goes.
  private GpuBuffer buffer(long bytes) {
    GpuBuffer known = data;
    if (known != null && known.size() >= bytes) {
      return known;
    }
    forget();
    if (known != null) {
      known.close();
    }
    GpuBuffer made =
        gpu.allocate(Math.max(LEAST_STEP_BYTES, Long.highestOneBit(bytes) * 2), MemoryUse.SHARED);
    data = made;
    return made;
  }

  private void forget() {
    steps.values().forEach(Step::close);
    steps.clear();
  }

  /// Recorded shapes that are kept.
  int shapes() {
    return steps.size();
  }

  @Override
  public void close() {
    forget();
    if (data != null) {
      data.close();
    }
  }
}
