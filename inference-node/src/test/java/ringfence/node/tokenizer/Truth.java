package ringfence.node.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import ringfence.node.gguf.GgufFile;

/// What llama.cpp and Hugging Face's tokenizers make of a corpus, and the models to compare with.
final class Truth {

  static final String SMOLLM2 = "smollm2-135m-instruct-q4_1";
  static final String QWEN = "qwen2.5-coder-0.5b-instruct-q4_k_m";
  static final String GEMMA = "gemma-3-270m-q4_k_m";

  private Truth() {}

  static JsonNode read(String name) {
    try (InputStream in = Truth.class.getResourceAsStream("/truth/tokenizer/" + name + ".json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> corpus() {
    List<String> texts = new ArrayList<>();
    read("corpus").forEach(text -> texts.add(text.textValue()));
    return texts;
  }

  static List<byte[]> invalid() {
    List<byte[]> bytes = new ArrayList<>();
    read("invalid").forEach(hex -> bytes.add(HexFormat.of().parseHex(hex.textValue())));
    return bytes;
  }

  static int[] ids(JsonNode array) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = array.get(i).intValue();
    }
    return ids;
  }

  /// A model of the catalogue's cache.
  static Path file(String model) {
    String cache =
        Optional.ofNullable(System.getProperty("ringfence.cache"))
            .or(() -> Optional.ofNullable(System.getenv("RINGFENCE_CACHE")))
            .orElseGet(() ->
                Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                        .orElse(System.getProperty("user.home") + "/.cache")
                    + "/ringfence");
    return Path.of(cache, "models", model + ".gguf");
  }

  static Tokenizer tokenizer(String model) {
    try (Arena arena = Arena.ofConfined()) {
      return Tokenizers.of(GgufFile.open(file(model), arena).metadata());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
