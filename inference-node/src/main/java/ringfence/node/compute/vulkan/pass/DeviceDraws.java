package ringfence.node.compute.vulkan.pass;

import java.util.HashMap;
import java.util.Map;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.sampling.GpuSampler;
import ringfence.node.compute.vulkan.sampling.SamplingShape;

/// Draws tokens from the logits where they were computed; how is recorded once for each shape.
final class DeviceDraws implements AutoCloseable {
  /// Draws of one step on the device; where there are more, the host draws.
  private static final int MOST_DRAWS = 256;

  private final Gpu gpu;
  private final GpuSampler sampler;
  private final Head head;
  private final Map<SamplingShape, Recording> recorded = new HashMap<>();

  /// @param head whose logits they are
  /// @param vocabulary length of a row of them
  DeviceDraws(Pipelines pipelines, Head head, int vocabulary) {
    this.gpu = pipelines.gpu();
    this.sampler = new GpuSampler(pipelines, Activations.padded(vocabulary), MOST_DRAWS);
    this.head = head;
  }

  static boolean hasRoom(Outputs outputs) {
    return outputs.draws().size() <= MOST_DRAWS;
  }

  /// What draws, to be submitted behind the head's; its inputs are in place.
  Recording prepare(Outputs outputs) {
    Recording drawing =
        recorded.computeIfAbsent(sampler.shape(outputs), shape -> record(shape, Phases.none()));
    sampler.prepare(outputs);
    return drawing;
  }

  /// As [#prepare], recorded for this once; the caller closes it.
  Recording prepareTimed(Outputs outputs, Phases phases) {
    Recording drawing = record(sampler.shape(outputs), phases);
    sampler.prepare(outputs);
    return drawing;
  }

  /// Hands over what was drawn.
  void results(Outputs outputs) {
    sampler.results(outputs);
  }

  private Recording record(SamplingShape shape, Phases phases) {
    Recording to = gpu.record(phases.room());
    sampler.record(to, head.logits().address(), shape);
    to.barrier();
    phases.end(to, "draw", 0);
    return to.end();
  }

  @Override
  public void close() {
    recorded.values().forEach(Recording::close);
    sampler.close();
  }
}
