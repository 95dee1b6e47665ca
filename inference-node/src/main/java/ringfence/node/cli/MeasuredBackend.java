package ringfence.node.cli;

import picocli.CommandLine.Option;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.KvType;

/// Options for the backend that a command measures.
final class MeasuredBackend {
  @Option(
      names = "--backend",
      defaultValue = "auto",
      description = "auto, or which to use (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Option(
      names = "--device",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "The GPU's number or part of its name (default: the best).")
  private String device;

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      defaultValue = "f16",
      description = "How the GPU keeps keys and values: f16 or q8 (default: ${DEFAULT-VALUE}).")
  private String kvType;

  @Option(names = "--threads", description = "Workers of each side (default: one per core).")
  private int threads = Runtime.getRuntime().availableProcessors();

  /// @throws IllegalArgumentException when there is no such one
  BackendKind kind() {
    return BackendKind.named(backend)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "--backend is one of " + String.join(", ", BackendKind.names())));
  }

  /// Empty for the best one.
  String device() {
    return device;
  }

  /// @throws IllegalArgumentException when there is no such one
  KvType kvType() {
    return KvType.named(kvType)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "--kv-type is one of " + String.join(", ", KvType.names())));
  }

  int threads() {
    return threads;
  }
}
