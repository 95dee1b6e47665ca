package ringfence.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Whatever the body is, it is read or refused with 400: no other exception exists for a client.
class RequestFuzzTest {
  private static final List<String> NAMES =
      List.of(
          "model",
          "messages",
          "prompt",
          "role",
          "content",
          "type",
          "text",
          "stop",
          "n",
          "seed",
          "logit_bias",
          "stream",
          "stream_options",
          "include_usage",
          "tools",
          "function",
          "name",
          "parameters",
          "tool_calls",
          "arguments",
          "tool_call_id",
          "response_format",
          "max_tokens",
          "logprobs",
          "top_logprobs",
          "temperature",
          "chat_template_kwargs",
          "user",
          "metadata",
          "echo",
          "\u0000",
          "");

  @Property(tries = 1500)
  void randomJson(@ForAll("bodies") String body) {
    read(body.getBytes(StandardCharsets.UTF_8));
  }

  @Property(tries = 1000)
  void randomBytes(@ForAll byte[] body) {
    read(body);
  }

  @Property(tries = 1000)
  void aCutOrChangedRequest(@ForAll("places") int place, @ForAll byte with, @ForAll boolean cut) {
    byte[] body =
        """
        {"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9"}]},
        {"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}],
        "stop":["a"],"logit_bias":{"1":2},"stream":true,"stream_options":{"include_usage":true},"seed":-1}
        """
            .getBytes(StandardCharsets.UTF_8);
    int at = place % body.length;
    if (cut) {
      body = java.util.Arrays.copyOf(body, at);
    } else {
      body[at] = with;
    }
    read(body);
  }

  private static void read(byte[] body) {
    try {
      RequestMapping.toRoute(ChatRequest.read(body)).build().toByteArray();
    } catch (ApiError error) {
      assertThat(error.status()).isEqualTo(400);
    }
    try {
      RequestMapping.toRoutes(CompletionRequest.read(body))
          .forEach(route -> route.build().toByteArray());
    } catch (ApiError error) {
      assertThat(error.status()).isEqualTo(400);
    }
  }

  @Provide
  Arbitrary<Integer> places() {
    return Arbitraries.integers().between(0, 10_000);
  }

  @Provide
  Arbitrary<String> bodies() {
    return objects(3);
  }

  private static Arbitrary<String> objects(int depth) {
    return Combinators.combine(Arbitraries.of(NAMES), values(depth))
        .as((name, value) -> "\"" + name.replace("\u0000", "\\u0000") + "\":" + value)
        .list()
        .ofMaxSize(6)
        .map(fields -> "{" + String.join(",", fields) + "}");
  }

  private static Arbitrary<String> values(int depth) {
    Arbitrary<String> simple =
        Arbitraries.of(
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1.5",
            "1e999",
            "99999999999999999999",
            "\"\"",
            "\"user\"",
            "\"text\"",
            "\"auto\"",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "[]",
            "{}",
            "[1,2]",
            "\"function\"");
    if (depth == 0) {
      return simple;
    }
    Arbitrary<String> arrays =
        values(depth - 1)
            .list()
            .ofMaxSize(3)
            .map(all -> all.stream().collect(Collectors.joining(",", "[", "]")));
    return Arbitraries.oneOf(simple, objects(depth - 1), arrays);
  }
}
