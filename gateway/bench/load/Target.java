import java.net.URI;

/// What is asked.
///
/// @param url `http://HOST:PORT/PATH` of an OpenAI-compatible server, or `grpc://HOST:PORT,HOST:PORT` of nodes
/// @param key `-`: none
/// @param beside the target whose times gateway and router add to; empty: they are no part of it
record Target(String name, URI url, String model, String key, String beside) {
  private static final String PROMPT = "All work and no play. ".repeat(93);

  /// From `NAME URL MODEL KEY`, or with `BESIDE` after it.
  static Target of(String text) {
    String[] parts = text.split(" ");
    return new Target(parts[0], URI.create(parts[1]), parts[2], parts[3], parts.length > 4 ? parts[4] : "");
  }

  Client client(Loop loop, int tokens) {
    if (url.getScheme().equals("grpc")) {
      return new NodeStreams(loop, url.getAuthority(), new NodeRequest(model, PROMPT, tokens));
    }
    String body =
        "{\"model\":\"" + model + "\",\"stream\":true,\"max_tokens\":" + tokens
            + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + PROMPT + "\"}]}";
    return new HttpStreams(loop, url, key, body);
  }
}
