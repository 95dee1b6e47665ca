package ringfence.node.compute;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import ringfence.node.catalogue.TestModel;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;

/// What PyPI `transformers` in float32 makes of the models; `truth/README.md` describes the files.
public final class ComputeTruth {
  private ComputeTruth() {}

  /// A small random model, in the resources.
  ///
  /// @param noise how far transformers' float32 logits are from its own in float64, at most
  /// @param logits `[all tokens of all sequences, vocabulary]`
  /// @param deviation standard deviation of the logits
  public record TinyModel(
      String file,
      Path path,
      List<int[]> sequences,
      double noise,
      double deviation,
      float[][] logits) {
    @Override
    public String toString() {
      return file;
    }
  }

  /// A prompt and what transformers answered greedily.
  ///
  /// @param margins how far the chosen token's logit is above the next, for each of `answer`
  /// @param topIds the eight best tokens at each place of the answer
  /// @param topLogProbs natural logarithms of their probabilities
  public record GreedyPrompt(
      String kind,
      int[] prompt,
      int[] answer,
      double[] margins,
      int[][] topIds,
      double[][] topLogProbs) {}

  /// A text and the best tokens after each of its positions.
  ///
  /// @param topIds `[ids.length, top]`
  /// @param topLogProbs the same shape, natural logarithms
  public record KlText(int[] ids, int[][] topIds, float[][] topLogProbs) {}

  public static List<TinyModel> tinyModels() {
    List<TinyModel> models = new ArrayList<>();
    for (JsonNode each : json("tiny/index.json")) {
      models.add(tiny(each));
    }
    return models;
  }

  /// The tiny model of one file.
  public static TinyModel tinyModel(String file) {
    for (JsonNode each : json("tiny/index.json")) {
      if (each.get("file").textValue().equals(file)) {
        return tiny(each);
      }
    }
    throw new IllegalArgumentException(file);
  }

  private static TinyModel tiny(JsonNode node) {
    List<int[]> sequences = new ArrayList<>();
    int tokens = 0;
    for (JsonNode sequence : node.get("sequences")) {
      sequences.add(ints(sequence));
      tokens += sequence.size();
    }
    String file = node.get("file").textValue();
    return new TinyModel(
        file,
        path("tiny/" + file),
        sequences,
        node.get("float32_noise").doubleValue(),
        node.get("logits_std").doubleValue(),
        floats("tiny/" + node.get("logits_file").textValue(), tokens));
  }

  public static List<GreedyPrompt> greedy(TestModel model) {
    List<GreedyPrompt> prompts = new ArrayList<>();
    for (JsonNode each : json("greedy/" + stem(model) + ".json").get("prompts")) {
      List<Double> margins = new ArrayList<>();
      List<int[]> topIds = new ArrayList<>();
      List<double[]> topLogProbs = new ArrayList<>();
      for (JsonNode position : each.get("positions")) {
        margins.add(position.get("margin").doubleValue());
        topIds.add(ints(position.get("top_ids")));
        topLogProbs.add(doubles(position.get("top_logprobs")));
      }
      prompts.add(
          new GreedyPrompt(
              each.get("kind").textValue(),
              ints(each.get("prompt_ids")),
              ints(each.get("ids")),
              margins.stream().mapToDouble(Double::doubleValue).toArray(),
              topIds.toArray(int[][]::new),
              topLogProbs.toArray(double[][]::new)));
    }
    return prompts;
  }

  public static KlText klText(TestModel model) {
    int[] ids = ints(json("kl/" + stem(model) + ".json").get("ids"));
    ByteBuffer topIds = bytes("kl/" + stem(model) + ".ids");
    int top = topIds.remaining() / Integer.BYTES / ids.length;
    int[][] rows = new int[ids.length][top];
    for (int[] row : rows) {
      topIds.asIntBuffer().get(row);
      topIds.position(topIds.position() + row.length * Integer.BYTES);
    }
    return new KlText(ids, rows, floats("kl/" + stem(model) + ".logprobs", ids.length));
  }

  /// Loads a model for as long as `use` runs.
  public static void withModel(Path file, Consumer<Model> use) {
    try (Arena arena = Arena.ofShared()) {
      use.accept(ModelLoader.load(GgufFile.open(file, arena)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String stem(TestModel model) {
    return switch (model) {
      case SMOLLM2 -> "smollm2-135m-instruct-q4_1";
      case QWEN_CODER -> "qwen2.5-coder-0.5b-instruct-q4_k_m";
      case GEMMA -> "gemma-3-270m-q4_k_m";
    };
  }

  private static float[][] floats(String name, int rows) {
    ByteBuffer bytes = bytes(name);
    float[][] floats = new float[rows][bytes.remaining() / Float.BYTES / rows];
    for (float[] row : floats) {
      bytes.asFloatBuffer().get(row);
      bytes.position(bytes.position() + row.length * Float.BYTES);
    }
    return floats;
  }

  private static ByteBuffer bytes(String name) {
    try (InputStream in = open(name)) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(String name) {
    try (InputStream in = open(name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(
        ComputeTruth.class.getResourceAsStream("/truth/" + name), "truth/" + name);
  }

  private static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(ComputeTruth.class.getResource("/truth/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).intValue();
    }
    return ints;
  }

  private static double[] doubles(JsonNode array) {
    double[] doubles = new double[array.size()];
    for (int i = 0; i < doubles.length; i++) {
      doubles[i] = array.get(i).doubleValue();
    }
    return doubles;
  }
}
