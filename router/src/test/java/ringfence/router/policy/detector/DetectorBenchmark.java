package ringfence.router.policy.detector;

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
import org.openjdk.jmh.runner.options.OptionsBuilder;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteRequest;

/// All detectors over a prompt of 2 KB.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class DetectorBenchmark {
  private static final int BYTES = 2_048;

  @Param({"prose", "code", "records", "findings"})
  public String text;

  private final Screening screening = new Screening(Detectors.standard());
  private RouteRequest request;

  @Setup
  public void prepare() {
    Plain plain = new Plain(new java.util.Random(7));
    StringBuilder content = new StringBuilder();
    if (text.equals("findings")) {
      content.append("Mail ann@example.org, card 4111 1111 1111 1111, call +49 30 23454567.\n");
    }
    while (content.length() < BYTES) {
      content.append(
          switch (text) {
            case "code" -> plain.code(8);
            case "records" -> plain.records(8);
            default -> plain.prose(Plain.ENGLISH, 100);
          });
    }
    request =
        RouteRequest.newBuilder()
            .setPrompt(
                Prompt.newBuilder()
                    .setChat(
                        Chat.newBuilder()
                            .addMessages(
                                ChatMessage.newBuilder()
                                    .setRole("user")
                                    .addParts(
                                        ContentPart.newBuilder()
                                            .setText(content.substring(0, BYTES))))))
            .build();
  }

  @Benchmark
  public Screening.Result screen() {
    return screening.look(request, System::nanoTime, Long.MAX_VALUE);
  }

  public static void main(String[] args) throws Exception {
    new Runner(new OptionsBuilder().include(DetectorBenchmark.class.getSimpleName() + ".*").build())
        .run();
  }
}
