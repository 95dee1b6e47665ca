package ringfence.node.bench.truth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import ringfence.node.compute.Backend;

/// What the reference says after each token of a text: its most probable next tokens. All others
/// count as one, with the probability that is left.
///
/// The file: 8 bytes of name, the model's SHA-256, vocabulary, tokens and best (4 bytes each,
/// little-endian), then the text's ids, the best ids of each position, their natural log
/// probabilities as floats, and the SHA-256 of all that.
///
/// @param model SHA-256 of the model's file, hexadecimal
/// @param ids the text
/// @param topIds `[ids.length][best]`, most probable first
/// @param topLogProbs the same shape
public record Truth(
    String model, int vocabulary, int[] ids, int[][] topIds, float[][] topLogProbs) {
  /// Positions that a file has at most.
  public static final int MOST_TOKENS = 4096;

  private static final int BEST = 64;
  private static final byte[] NAME = {'R', 'F', 'T', 'R', 'U', 'T', 'H', '1'};
  private static final int DIGEST = 32;
  private static final int HEAD = NAME.length + DIGEST + 3 * Integer.BYTES;

  /// Computes it.
  ///
  /// @param reference a backend with room for the text, opened as [Comparison#options] says
  /// @param model as above
  public static Truth of(Backend reference, String model, int vocabulary, int[] ids) {
    int best = Math.min(BEST, vocabulary);
    int[][] topIds = new int[ids.length][];
    float[][] topLogProbs = new float[ids.length][best];
    TextReader.read(
        reference,
        vocabulary,
        ids,
        reference.maxBatchTokens(),
        (position, row) -> {
          int[] top = best(row, best);
          double total = TextReader.logOfSum(row);
          for (int i = 0; i < best; i++) {
            topLogProbs[position][i] = (float) (row[top[i]] - total);
          }
          topIds[position] = top;
        });
    return new Truth(model, vocabulary, ids, topIds, topLogProbs);
  }

  private static int[] best(float[] row, int count) {
    int[] best = new int[count];
    int have = 0;
    for (int token = 0; token < row.length; token++) {
      if (have == count && row[token] <= row[best[count - 1]]) {
        continue;
      }
      int at = have < count ? have++ : count - 1;
      while (at > 0 && row[best[at - 1]] < row[token]) {
        best[at] = best[at - 1];
        at--;
      }
      best[at] = token;
    }
    return best;
  }

  /// How far the best token is above the second, in logits.
  double margin(int position) {
    float[] row = topLogProbs[position];
    return row.length < 2 ? Double.POSITIVE_INFINITY : row[0] - row[1];
  }

  /// Writes it to a file.
  public void write(Path file) throws IOException {
    int best = topIds[0].length;
    ByteBuffer out =
        ByteBuffer.allocate(HEAD + ids.length * Integer.BYTES * (1 + 2 * best) + DIGEST)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(NAME).put(HexFormat.of().parseHex(model));
    out.putInt(vocabulary).putInt(ids.length).putInt(best);
    Arrays.stream(ids).forEach(out::putInt);
    for (int[] row : topIds) {
      Arrays.stream(row).forEach(out::putInt);
    }
    for (float[] row : topLogProbs) {
      for (float value : row) {
        out.putFloat(value);
      }
    }
    out.put(digest(out.array(), out.position()));
    Files.write(file, out.array());
  }

  /// Reads a file.
  ///
  /// @throws IOException when it can't be read, or is no such file, or damaged
  public static Truth read(Path file) throws IOException {
    if (Files.size(file) > HEAD + MOST_TOKENS * (1L + 2 * BEST) * Integer.BYTES + DIGEST) {
      throw new IOException(file + " is too large for a file that 'node truth --write' made");
    }
    byte[] all = Files.readAllBytes(file);
    int end = all.length - DIGEST;
    if (end < HEAD
        || !Arrays.equals(Arrays.copyOf(all, NAME.length), NAME)
        || !Arrays.equals(Arrays.copyOfRange(all, end, all.length), digest(all, end))) {
      throw new IOException(
          file + " is no file that 'node truth --write' made, or it was damaged on its way");
    }
    ByteBuffer in = ByteBuffer.wrap(all, 0, end).order(ByteOrder.LITTLE_ENDIAN);
    byte[] model = new byte[DIGEST];
    in.position(NAME.length).get(model);
    int vocabulary = in.getInt();
    int tokens = in.getInt();
    int best = in.getInt();
    if (tokens < 1
        || best < 1
        || best > vocabulary
        || in.remaining() != tokens * (1L + 2L * best) * Integer.BYTES) {
      throw new IOException(file + " has sizes that don't fit: it was made by another version");
    }
    int[] ids = ints(in, tokens);
    int[][] topIds = new int[tokens][];
    Arrays.setAll(topIds, i -> ints(in, best));
    float[][] topLogProbs = new float[tokens][best];
    for (float[] row : topLogProbs) {
      for (int i = 0; i < best; i++) {
        row[i] = in.getFloat();
      }
    }
    return new Truth(HexFormat.of().formatHex(model), vocabulary, ids, topIds, topLogProbs);
  }

  private static int[] ints(ByteBuffer in, int count) {
    int[] all = new int[count];
    Arrays.setAll(all, i -> in.getInt());
    return all;
  }

  private static byte[] digest(byte[] bytes, int count) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(bytes, 0, count);
      return sha.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
