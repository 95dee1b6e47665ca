package ringfence.node.compute.vulkan.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/// A file of bytes after their SHA-256: drivers trust their cached pipelines, so that a damaged
/// file must never reach one. A file that is missing, damaged, too large or can't be written costs
/// time and nothing else.
public final class CacheFile {
  static final int MOST_BYTES = 256 << 20;
  private static final int DIGEST_BYTES = 32;

  private final Path file;
  private byte[] known = new byte[0];

  /// @param file need not be there
  public CacheFile(Path file) {
    this.file = file;
  }

  /// The bytes; none when there is no sound file.
  public byte[] read() {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES + DIGEST_BYTES) {
        return new byte[0];
      }
      byte[] all = Files.readAllBytes(file);
      if (all.length < DIGEST_BYTES) {
        return new byte[0];
      }
      byte[] bytes = Arrays.copyOfRange(all, DIGEST_BYTES, all.length);
      if (!Arrays.equals(Arrays.copyOf(all, DIGEST_BYTES), digest(bytes))) {
        return new byte[0];
      }
      known = bytes;
      return bytes;
    } catch (IOException e) {
      return new byte[0];
    }
  }

  /// Writes the bytes where they differ from what was read.
  public void write(byte[] bytes) {
    if (bytes.length == 0 || bytes.length > MOST_BYTES || Arrays.equals(bytes, known)) {
      return;
    }
    try {
      Files.createDirectories(file.getParent());
      Path fresh = Files.createTempFile(file.getParent(), "pipelines", null);
      try {
        byte[] all = Arrays.copyOf(digest(bytes), DIGEST_BYTES + bytes.length);
        System.arraycopy(bytes, 0, all, DIGEST_BYTES, bytes.length);
        Files.write(fresh, all);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      System.getLogger(CacheFile.class.getName())
          .log(System.Logger.Level.DEBUG, "{0} was not kept: {1}", file, e.getMessage());
    }
  }

  private static byte[] digest(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
