package ringfence.router.routing;

import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.dispatch.PlacementInput;
import ringfence.router.dispatch.PrefixMemory;

/// The router's decision: measuring a 2 KB prompt and placing it over a mixed fleet (three zones,
/// three speeds, loads of 0 to 40 sequences; a tenth of the nodes without the model, some silent or
/// draining). Run it with `./mvnw -Pbench -pl router -am test -DskipTests`; the table is in
/// `router/bench`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class PlacerBenchmark {

  @Param({"100", "1000"})
  public int nodes;

  private final Placer placer = Placer.standard(2_000_000_000L, 128);
  private final PrefixMemory memory = new PrefixMemory(65_536, new Random(1)::nextLong);
  private List<TargetView> targets;
  private RouteRequest.Builder request;

  @Setup
  public void prepare() {
    targets = List.copyOf(Targets.fleet(nodes, 1));
    request =
        RouteRequest.newBuilder()
            .setRequestId("benchmark")
            .setModel("tiny")
            .setChoices(1)
            .setPrompt(
                Prompt.newBuilder()
                    .setChat(
                        Chat.newBuilder()
                            .addMessages(
                                ChatMessage.newBuilder()
                                    .setRole("user")
                                    .addParts(
                                        ContentPart.newBuilder()
                                            .setText("All work and no play. ".repeat(93))))));
    PlacementInput.computed(request.build(), memory, targets.getFirst());
  }

  @Benchmark
  public Placement place() {
    // A new message each time: sizes are remembered in the old one.
    return placer.place(PlacementInput.of(request.build(), memory, Zone.DATACENTER, 0), targets);
  }

  public static void main(String[] arguments) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(PlacerBenchmark.class.getName())
                .verbosity(VerboseMode.NORMAL)
                .build())
        .run();
  }
}
