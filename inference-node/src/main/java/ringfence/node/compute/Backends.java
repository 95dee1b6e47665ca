package ringfence.node.compute;

import ringfence.node.compute.cpu.CpuBackend;
import ringfence.node.compute.reference.ReferenceBackend;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;

/// Opens the backend that was asked for: the one place that knows them all.
public final class Backends {

  private Backends() {}

  /// What `AUTO` stands for on this machine.
  public static BackendKind choose(BackendKind asked) {
    return asked == BackendKind.AUTO ? BackendKind.CPU : asked;
  }

  /// Opens a backend of a kind that is not `AUTO`.
  public static Backend open(BackendKind kind, Model model, BackendOptions options) {
    return switch (kind) {
      case AUTO -> open(choose(kind), model, options);
      case CPU -> CpuBackend.open(model, options);
      case REFERENCE -> ReferenceBackend.open(model, options);
    };
  }

  /// Bytes that one position takes in the KV cache, over all layers.
  public static long kvBytesPerToken(BackendKind kind, ModelSpec spec) {
    int elementBytes =
        switch (choose(kind)) {
          case AUTO, CPU -> Short.BYTES;
          case REFERENCE -> Float.BYTES;
        };
    return 2L * spec.layers().size() * spec.kvWidth() * elementBytes;
  }
}
