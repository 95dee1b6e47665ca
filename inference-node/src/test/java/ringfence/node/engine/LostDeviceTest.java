package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.cpu.CpuLayers;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuCandidate;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.pass.RestartingBackend;
import ringfence.node.compute.vulkan.pass.VulkanBackend;
import ringfence.node.engine.GenerationTask.ChoiceStart;
import ringfence.node.model.Model;

/// The engine on a device that is lost, or full, at one submission or another: answers stay what
/// they were, byte for byte, with a backend that is deterministic.
@ExtendWith(VulkanExtension.class)
class LostDeviceTest {
  private static final int NEVER = Integer.MAX_VALUE;

  private @TempDir Path pipelineCaches;

  /// What a run came to.
  private record Outcome(List<Reader> readers, EngineStats stats, int openings) {}

  @Test
  void answersAreTheSameWhenTheDeviceIsLost(GpuInstance instance, Gpu shared) {
    Outcome undisturbed = run(instance, shared, NEVER, GpuException.Reason.DEVICE_LOST);
    assertThat(undisturbed.openings()).isEqualTo(1);
    for (int at : new int[] {0, 7, 20}) {
      Outcome disturbed = run(instance, shared, at, GpuException.Reason.DEVICE_LOST);
      assertThat(disturbed.openings()).isEqualTo(2);
      assertThat(disturbed.stats().totals().restarts()).isEqualTo(1);
      checkEqual(disturbed, undisturbed);
    }
    Outcome full = run(instance, shared, 9, GpuException.Reason.OUT_OF_DEVICE_MEMORY);
    assertThat(full.openings()).isEqualTo(1);
    assertThat(full.stats().totals().restarts()).isZero();
    checkEqual(full, undisturbed);
  }

  private static void checkEqual(Outcome one, Outcome other) {
    for (int i = 0; i < other.readers().size(); i++) {
      Reader expected = other.readers().get(i);
      Reader actual = one.readers().get(i);
      assertThat(actual.failure).isNull();
      for (int choice : expected.choices.keySet()) {
        assertThat(actual.choice(choice).events).isNotEmpty();
        assertThat(actual.choice(choice).events).isEqualTo(expected.choice(choice).events);
        assertThat(actual.choice(choice).end).isEqualTo(expected.choice(choice).end);
      }
    }
  }

  private Outcome run(GpuInstance instance, Gpu shared, int failAt, GpuException.Reason reason) {
    List<Reader> readers = new ArrayList<>();
    EngineStats[] stats = new EngineStats[1];
    AtomicInteger openings = new AtomicInteger();
    ComputeTruth.withModel(
        ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path(),
        model -> {
          RestartingBackend.Opener opener =
              options ->
                  open(
                      instance,
                      shared,
                      model,
                      options,
                      openings.getAndIncrement() == 0 ? failAt : NEVER,
                      reason);
          try (Backend backend =
                  RestartingBackend.open(opener, new BackendOptions(24, 8, 48, 2, true, ""));
              Engine engine =
                  new Engine(
                      "lost",
                      backend,
                      new ToyTokenizer(),
                      model.spec().vocabulary(),
                      new EngineOptions(100, 6, 20, 48, 16, Duration.ofSeconds(1)))) {
            for (int i = 0; i < 5; i++) {
              Reader reader = new Reader(task(i));
              readers.add(reader);
              engine.submit(reader.task, reader);
            }
            for (Reader reader : readers) {
              reader.await();
            }
            engine.close();
            stats[0] = engine.stats();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    return new Outcome(readers, stats[0], openings.get());
  }

  private Backend open(
      GpuInstance instance,
      Gpu shared,
      Model model,
      BackendOptions options,
      int failAt,
      GpuException.Reason reason) {
    GpuCandidate candidate = instance.candidates().get(shared.traits().index());
    Gpu gpu = candidate.open(pipelineCaches);
    Backend backend = VulkanBackend.open(new Pipelines(gpu), gpu, model, options, CpuLayers::open);
    if (failAt > 0) {
      // Else it is lost while weights are on their way, or right after.
      assertThat(backend.loaded()).isNotEmpty();
    }
    gpu.failSubmissions(n -> n == failAt ? Optional.of(reason) : Optional.empty());
    return backend;
  }

  private static GenerationTask task(int seed) {
    int[] prompt = new int[3 + 9 * seed];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = (i * 5 + seed) % ToyTokenizer.SIZE;
    }
    List<ChoiceStart> choices =
        seed == 3
            ? List.of(new ChoiceStart(0, new int[0]), new ChoiceStart(1, new int[0]))
            : List.of(new ChoiceStart(0, new int[0]));
    return new GenerationTask(
        prompt,
        new SamplingParameters(seed % 2, 20, 0.95f, 0, 1.1f, 0, 0, Map.of(), seed),
        new StopConditions(List.of(), 10 + seed, true),
        1,
        choices,
        System.nanoTime() + TimeUnit.HOURS.toNanos(1));
  }
}
