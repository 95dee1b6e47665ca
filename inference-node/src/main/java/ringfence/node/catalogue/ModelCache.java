package ringfence.node.catalogue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import ringfence.node.cache.CacheFolder;
import ringfence.node.gguf.FileDigest;

/// The folder in which fetched models are kept, and what is known of the files: their digests are
/// computed once and noted.
///
/// Models lie in `models` below the root, digests in `digests`.
public final class ModelCache {
  private final Path root;

  public ModelCache(Path root) {
    this.root = root;
  }

  /// The user's own.
  public static ModelCache ofUser() {
    return new ModelCache(CacheFolder.ofUser());
  }

  /// Where models lie.
  public Path models() {
    return root.resolve("models");
  }

  /// Where this model lies or would lie.
  public Path file(CatalogueEntry entry) {
    return models().resolve(entry.file());
  }

  /// The model is here, whole and with the right digest.
  public boolean holds(CatalogueEntry entry) {
    Path file = file(entry);
    try {
      return Files.isRegularFile(file)
          && Files.size(file) == entry.bytes()
          && sha256(file).equals(entry.sha256());
    } catch (IOException e) {
      return false;
    }
  }

  /// SHA-256 of a file, lower-case hex: from the note made last time, when size and modification
  /// time still agree, else computed.
  public String sha256(Path file) {
    try {
      Path real = file.toRealPath();
      String stamp = Files.size(real) + " " + Files.getLastModifiedTime(real).toMillis();
      Path note =
          root.resolve("digests")
              .resolve(hex(digest().digest(real.toString().getBytes(StandardCharsets.UTF_8))));
      if (Files.isRegularFile(note)) {
        String[] noted = Files.readString(note).strip().split(" ", 2);
        if (noted.length == 2 && noted[1].equals(stamp)) {
          return noted[0];
        }
      }
      String computed = FileDigest.sha256(real);
      noteQuietly(note, computed + " " + stamp);
      return computed;
    } catch (IOException e) {
      throw new UncheckedIOException(file + " can't be read: " + e.getMessage(), e);
    }
  }

  // A cache that can't be written (read-only home) costs time at the next start and nothing else.
  private static void noteQuietly(Path note, String line) {
    try {
      Files.createDirectories(note.getParent());
      Path fresh = Files.createTempFile(note.getParent(), "note", null);
      Files.writeString(fresh, line);
      Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      System.getLogger(ModelCache.class.getName())
          .log(System.Logger.Level.DEBUG, "digest not noted: {0}", e.getMessage());
    }
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
