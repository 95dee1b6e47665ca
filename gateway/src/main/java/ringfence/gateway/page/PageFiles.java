package ringfence.gateway.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The files of the web page, in memory as they were built: some hundred kilobytes. Nothing else
/// can be reached by a path: what is not listed here does not exist.
public final class PageFiles {
  /// The document.
  static final String INDEX = "index.html";

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml",
          "png", "image/png",
          "md", "text/plain; charset=utf-8",
          "webmanifest", "application/manifest+json");

  /// @param gzip the same, compressed; null where that would save nothing
  /// @param tag a strong validator
  record File(String type, byte[] bytes, byte @Nullable [] gzip, String tag) {}

  private final Map<String, File> files;

  private PageFiles(Map<String, File> files) {
    this.files = files;
  }

  /// What the build has put beside this class; empty where it was built without the page.
  public static PageFiles built() {
    byte[] list = read("files.txt");
    var files = new TreeMap<String, File>();
    if (list != null) {
      new String(list, StandardCharsets.UTF_8).lines().forEach(name -> files.put(name, file(name)));
    }
    return new PageFiles(files);
  }

  private static File file(String name) {
    byte[] bytes = read(name);
    String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
    if (bytes == null || type == null) {
      throw new IllegalStateException(
          "the web page's file " + name + (type == null ? " is of no known type" : " is missing"));
    }
    return new File(type, bytes, read(name + ".gz"), tag(bytes));
  }

  private static byte @Nullable [] read(String name) {
    try (InputStream in = PageFiles.class.getResourceAsStream(name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static String tag(byte[] bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return '"' + HexFormat.of().formatHex(Arrays.copyOf(digest, 12)) + '"';
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// The file of that name, relative to the page's folder.
  @Nullable File find(String name) {
    return files.get(name);
  }

  /// Whether there is a page at all.
  boolean isEmpty() {
    return files.isEmpty();
  }
}
