package ringfence.node.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import ringfence.node.gguf.TensorType;

/// A GGUF file of a known qwen3 model's shape with random weights: right for speed, meaningless as
/// text. Blocks repeat from a pool, and their scales keep every logit finite.
public final class SyntheticModel {
  /// Blocks that differ; more than a cache holds, few enough to make at once.
  private static final int POOL_BLOCKS = 1 << 15;

  private static final int ALIGNMENT = 32;
  private static final long SLICE_BYTES = 32L << 20;

  private final Shape shape;
  private final Mix mix;
  private final List<Planned> tensors = new ArrayList<>();
  private long dataBytes;

  private enum Shape {
    TINY(2, 512, 1024, 8, 2, 64, 2048),
    SMALL(28, 1024, 3072, 16, 8, 128, 151936),
    LARGE(36, 4096, 12288, 32, 8, 128, 151936);

    private final int layers;
    private final int hidden;
    private final int feedForward;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final int vocabulary;

    Shape(
        int layers,
        int hidden,
        int feedForward,
        int heads,
        int kvHeads,
        int headSize,
        int vocabulary) {
      this.layers = layers;
      this.hidden = hidden;
      this.feedForward = feedForward;
      this.heads = heads;
      this.kvHeads = kvHeads;
      this.headSize = headSize;
      this.vocabulary = vocabulary;
    }

    private static final Map<String, Shape> NAMES =
        Map.of("tiny", TINY, "0.6b", SMALL, "8b", LARGE);
  }

  /// Which tensors have which type.
  private enum Mix {
    Q4_K_M(15, TensorType.Q4_K, TensorType.Q6_K, TensorType.Q6_K),
    Q4_0(2, TensorType.Q4_0, TensorType.Q4_0, TensorType.Q6_K),
    Q8_0(7, TensorType.Q8_0, TensorType.Q8_0, TensorType.Q8_0);

    private final int fileType;
    private final TensorType most;
    private final TensorType delicate;
    private final TensorType output;

    Mix(int fileType, TensorType most, TensorType delicate, TensorType output) {
      this.fileType = fileType;
      this.most = most;
      this.delicate = delicate;
      this.output = output;
    }
  }

  private record Planned(String name, TensorType type, long columns, long rows, long offset) {
    long bytes() {
      return type.bytes(columns * rows);
    }
  }

  /// The model of a name, e.g. `8b:q4_k_m`: shape and format.
  ///
  /// @throws IllegalArgumentException when there is no such one; the message lists them
  public static SyntheticModel named(String name) {
    String[] parts = name.toLowerCase(Locale.ROOT).split(":", -1);
    Shape shape = Shape.NAMES.get(parts[0]);
    if (parts.length == 2 && shape != null) {
      for (Mix mix : Mix.values()) {
        if (mix.name().toLowerCase(Locale.ROOT).equals(parts[1])) {
          return new SyntheticModel(shape, mix);
        }
      }
    }
    throw new IllegalArgumentException(
        "no synthetic model '"
            + name
            + "': it is tiny, 0.6b or 8b, a colon, and q4_k_m, q4_0 or q8_0");
  }

  private SyntheticModel(Shape shape, Mix mix) {
    this.shape = shape;
    this.mix = mix;
    plan();
  }

  private void plan() {
    int hidden = shape.hidden;
    int queries = shape.heads * shape.headSize;
    int keys = shape.kvHeads * shape.headSize;
    add("token_embd.weight", mix.most, hidden, shape.vocabulary);
    add("output_norm.weight", TensorType.F32, hidden, 1);
    add("output.weight", mix.output, hidden, shape.vocabulary);
    for (int layer = 0; layer < shape.layers; layer++) {
      // As llama.cpp's Q4_K_M: the first and last eighth, and each third of the others.
      int eighth = shape.layers / 8;
      boolean delicate =
          layer < eighth || layer >= 7 * shape.layers / 8 || (layer - eighth) % 3 == 2;
      TensorType better = delicate ? mix.delicate : mix.most;
      String block = "blk." + layer + ".";
      add(block + "attn_norm.weight", TensorType.F32, hidden, 1);
      add(block + "ffn_norm.weight", TensorType.F32, hidden, 1);
      add(block + "attn_q_norm.weight", TensorType.F32, shape.headSize, 1);
      add(block + "attn_k_norm.weight", TensorType.F32, shape.headSize, 1);
      add(block + "attn_q.weight", mix.most, hidden, queries);
      add(block + "attn_k.weight", mix.most, hidden, keys);
      add(block + "attn_v.weight", better, hidden, keys);
      add(block + "attn_output.weight", mix.most, queries, hidden);
      add(block + "ffn_gate.weight", mix.most, hidden, shape.feedForward);
      add(block + "ffn_up.weight", mix.most, hidden, shape.feedForward);
      add(block + "ffn_down.weight", better, shape.feedForward, hidden);
    }
  }

  private void add(String name, TensorType type, long columns, long rows) {
    Planned planned = new Planned(name, type, columns, rows, dataBytes);
    tensors.add(planned);
    dataBytes += aligned(planned.bytes());
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /// Writes it into a folder, unless it is there already.
  ///
  /// @return the file
  public Path write(Path folder) throws IOException, InterruptedException {
    String name =
        "synthetic-%s-%s.gguf"
            .formatted(shape.name().toLowerCase(Locale.ROOT), mix.name().toLowerCase(Locale.ROOT));
    Path file = folder.resolve(name);
    byte[] header = header();
    if (Files.isRegularFile(file) && Files.size(file) == header.length + dataBytes) {
      return file;
    }
    Files.createDirectories(folder);
    Path part = folder.resolve(name + ".part");
    try (FileChannel channel =
        FileChannel.open(
            part,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      writeFully(channel, ByteBuffer.wrap(header), 0);
      // The file has its full length whatever the last tensor's padding is.
      writeFully(channel, ByteBuffer.allocate(1), header.length + dataBytes - 1);
      writeTensors(channel, header.length);
    }
    return Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private void writeTensors(FileChannel channel, long start)
      throws IOException, InterruptedException {
    Map<TensorType, byte[]> pools = new EnumMap<>(TensorType.class);
    int threads = Runtime.getRuntime().availableProcessors();
    try (ExecutorService workers = Executors.newFixedThreadPool(Math.min(threads, 16))) {
      List<Future<?>> writes = new ArrayList<>();
      for (Planned tensor : tensors) {
        byte[] pool = pools.computeIfAbsent(tensor.type(), SyntheticModel::pool);
        long slice = SLICE_BYTES / tensor.type().blockBytes() * tensor.type().blockBytes();
        for (long from = 0; from < tensor.bytes(); from += slice) {
          long begin = from;
          long end = Math.min(from + slice, tensor.bytes());
          writes.add(
              workers.submit(() -> {
                writeSlice(channel, pool, start + tensor.offset(), begin, end);
                return null;
              }));
        }
      }
      for (Future<?> write : writes) {
        write.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("can't write the model: " + e.getMessage(), e);
    }
  }

  private static void writeSlice(
      FileChannel channel, byte[] pool, long tensor, long begin, long end) throws IOException {
    for (long at = begin; at < end; ) {
      int in = (int) (at % pool.length);
      int length = (int) Math.min(end - at, pool.length - in);
      writeFully(channel, ByteBuffer.wrap(pool, in, length), tensor + at);
      at += length;
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes, long at)
      throws IOException {
    long to = at;
    while (bytes.hasRemaining()) {
      to += channel.write(bytes, to);
    }
  }

  private static byte[] pool(TensorType type) {
    byte[] pool = new byte[POOL_BLOCKS * type.blockBytes()];
    ByteBuffer bytes = ByteBuffer.wrap(pool).order(ByteOrder.LITTLE_ENDIAN);
    if (type == TensorType.F32) {
      while (bytes.hasRemaining()) {
        bytes.putFloat(1);
      }
      return pool;
    }
    SplittableRandom random = new SplittableRandom(type.id());
    random.nextBytes(pool);
    for (int block = 0; block < pool.length; block += type.blockBytes()) {
      switch (type) {
        case Q4_0 -> half(bytes, block, 0.01f);
        case Q8_0 -> half(bytes, block, 0.0005f);
        case Q4_K -> {
          half(bytes, block, 0.0003f);
          half(bytes, block + 2, 0.002f);
        }
        case Q6_K -> half(bytes, block + 208, 0.00003f);
        default -> throw new IllegalStateException(type + " is in no mix");
      }
    }
    return pool;
  }

  private static void half(ByteBuffer bytes, int at, float value) {
    bytes.putShort(at, Float.floatToFloat16(value));
  }

  private byte[] header() {
    GgufHeader header = new GgufHeader();
    header.text("general.architecture", "qwen3");
    header.text("general.name", "synthetic");
    header.count("general.file_type", mix.fileType);
    header.count("qwen3.block_count", shape.layers);
    header.count("qwen3.context_length", 40960);
    header.count("qwen3.embedding_length", shape.hidden);
    header.count("qwen3.feed_forward_length", shape.feedForward);
    header.count("qwen3.attention.head_count", shape.heads);
    header.count("qwen3.attention.head_count_kv", shape.kvHeads);
    header.count("qwen3.attention.key_length", shape.headSize);
    header.count("qwen3.attention.value_length", shape.headSize);
    header.real("qwen3.rope.freq_base", 1e6f);
    header.real("qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    header.text("tokenizer.ggml.model", "gpt2");
    header.text("tokenizer.ggml.pre", "qwen2");
    header.texts("tokenizer.ggml.tokens", tokens());
    int[] types = new int[shape.vocabulary];
    Arrays.fill(types, 1);
    header.integers("tokenizer.ggml.token_type", types);
    header.texts("tokenizer.ggml.merges", List.of("a b"));
    header.count("tokenizer.ggml.eos_token_id", shape.vocabulary - 1);
    header.count("tokenizer.ggml.bos_token_id", shape.vocabulary - 2);
    for (Planned tensor : tensors) {
      header.tensor(tensor.name(), tensor.type(), tensor.columns(), tensor.rows(), tensor.offset());
    }
    return header.bytes(ALIGNMENT);
  }

  /// The byte-level alphabet, then fillers.
  private List<String> tokens() {
    List<String> tokens = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value >= '!' && value <= '~')
              || (value >= 0xA1 && value <= 0xAC)
              || (value >= 0xAE && value <= 0xFF);
      if (printable) {
        tokens.add(String.valueOf((char) value));
      } else {
        others.add(String.valueOf((char) (256 + others.size())));
      }
    }
    tokens.addAll(others);
    for (int i = 0; tokens.size() < shape.vocabulary; i++) {
      tokens.add("<t" + i + ">");
    }
    return tokens;
  }
}
