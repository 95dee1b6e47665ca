package ringfence.node.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import ringfence.node.catalogue.TestModel;
import ringfence.node.gguf.GgufFile;

/// What llama.cpp and Hugging Face's tokenizers make of a corpus, and the models to compare with.
final class Truth {

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

  /// The small model, which every test run has.
  static Tokenizer smollm2() {
    return SmolLm2.TOKENIZER;
  }

  /// A vocabulary of Llama 2's with Phi-3's tokens, kept as test data.
  static Tokenizer phi3() {
    try (InputStream in =
            new GZIPInputStream(
                Objects.requireNonNull(
                    Truth.class.getResourceAsStream("/truth/tokenizer/phi-3-vocab.gguf.gz")));
        Arena arena = Arena.ofConfined()) {
      byte[] file = in.readAllBytes();
      MemorySegment segment = arena.allocate(file.length, 64);
      MemorySegment.copy(file, 0, segment, ValueLayout.JAVA_BYTE, 0, file.length);
      return Tokenizers.of(GgufFile.parse(segment).metadata());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A model's tokenizer, of which nothing is read but the file's metadata.
  static Tokenizer tokenizer(TestModel model) {
    try (Arena arena = Arena.ofConfined()) {
      return Tokenizers.of(GgufFile.open(model.file(), arena).metadata());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class SmolLm2 {
    static final Tokenizer TOKENIZER = tokenizer(TestModel.SMOLLM2);
  }
}
