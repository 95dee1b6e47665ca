package ringfence.gateway.openai;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Token;

/// The gateway's own work: a 2 KB chat from JSON to the router's request in bytes, and a token from
/// the router's event in bytes to a server-sent event. Run it with `./mvnw -Pbench -pl gateway -am
/// test -DskipTests`; the table is in `gateway/bench`.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class GatewayBenchmark {
  private final byte[] body =
      """
      {"model":"qwen2.5-coder-0.5b-instruct","stream":true,"temperature":0.7,"max_tokens":256,"stop":["END"],
      "stream_options":{"include_usage":true},"messages":[{"role":"system","content":"Answer briefly."},
      {"role":"user","content":"%s"}]}
      """
          .formatted("All work and no play. ".repeat(93))
          .getBytes(StandardCharsets.UTF_8);
  private final byte[] event =
      RouteEvent.newBuilder()
          .setToken(Token.newBuilder().setOffset(17).setId(1234).setText(" morning"))
          .build()
          .toByteArray();
  private final AnswerFormat format =
      new ChatFormat(
          new AnswerHead(
              "chatcmpl-0123456789abcdef0123456789abcdef",
              1_795_000_000,
              "qwen2.5-coder-0.5b-instruct"),
          true,
          false);

  @Benchmark
  public byte[] requestToRouter() {
    ChatRequest request = ChatRequest.read(body);
    RouteRequest route = RequestMapping.toRoute(request).setRequestId("r").build();
    return route.toByteArray();
  }

  @Benchmark
  public byte[] tokenToEvent() throws Exception {
    return format.token(0, RouteEvent.parseFrom(event).getToken());
  }

  public static void main(String[] args) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(GatewayBenchmark.class.getName())
                .verbosity(VerboseMode.NORMAL)
                .build())
        .run();
  }
}
