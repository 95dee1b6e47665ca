package ringfence.node.serving;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import ringfence.telemetry.TelemetryConfig;
import ringfence.tls.TlsConfig;

/// The node's settings, `ringfence.node.*`. [NodeSettings] checks them.
@ConfigMapping(prefix = "ringfence.node")
public interface NodeConfig {

  /// Unique in the fleet; the host's name and the gRPC port by default.
  Optional<String> name();

  /// Where this machine stands: `device`, `site`, `datacenter` or `external`.
  @WithDefault("site")
  String zone();

  /// Names from the catalogue or paths of GGUF files.
  Optional<List<String>> models();

  /// Instead of models: a node whose engine only takes its time, `ttft=300ms,tpot=20ms,...`.
  Optional<String> simulate();

  /// `auto`, `cpu`, `vulkan` or `reference`.
  @WithDefault("auto")
  String backend();

  /// Number of the GPU to use, or part of its name; the best one by default.
  Optional<String> device();

  /// How many of a model's layers, the last ones, the GPU takes; the others stay on the CPU.
  /// `auto`: as many as fit.
  @WithDefault("auto")
  String gpuLayers();

  /// How the GPU keeps keys and values: `f16`, or `q8` for nearly twice as many.
  @WithDefault("f16")
  String kvType();

  /// Kernels whose results depend on nothing but a sequence's own tokens, also where that is slow.
  @WithDefault("false")
  boolean deterministic();

  /// Where the generation service listens, host:port; port 0 takes a free one.
  @WithDefault("127.0.0.1:7420")
  String listenAddress();

  /// How routers reach it, host:port, where that differs from `listen-address`.
  Optional<String> advertise();

  /// Routers to report to, host:port each.
  @WithDefault("127.0.0.1:7410")
  List<String> routers();

  /// Compute threads; one per processor by default.
  OptionalInt threads();

  /// Tokens that one sequence may hold; by default what the model was made for, as far as the KV
  /// cache goes.
  OptionalInt contextLength();

  /// Memory of the KV cache of each model.
  @WithDefault("160M")
  MemorySize kvMemory();

  /// Sequences decoded at once, per model.
  @WithDefault("64")
  int maxSequences();

  /// Requests that wait for their first step, per model, before new ones are refused.
  @WithDefault("256")
  int maxWaiting();

  /// Tokens in one forward pass: the size of a prompt chunk.
  @WithDefault("256")
  int batchTokens();

  /// A request without a deadline gets this one.
  @WithDefault("10m")
  Duration defaultDeadline();

  /// How long running answers may go on after SIGTERM.
  @WithDefault("20s")
  Duration drainLimit();

  /// Largest request message.
  @WithDefault("32M")
  MemorySize maxRequest();

  /// Where traces and metrics are exported to.
  TelemetryConfig telemetry();

  /// Certificates; without them routers are on this machine.
  TlsConfig tls();
}
