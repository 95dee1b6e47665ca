package ringfence.router.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A disk in memory that knows what of it would outlive a power cut, and that fails when told to.
public final class MemoryDisk implements Disk {
  private final TreeMap<String, File> files = new TreeMap<>();

  /// Called before each call that changes something, with its name; may throw what a disk throws.
  public interface Fault {
    void before(String call) throws IOException;
  }

  private @Nullable Fault fault;
  private Consumer<MemoryDisk> watcher = _ -> {};

  private static final class File {
    byte[] now = new byte[0];
    byte[] durable = new byte[0];
    boolean deleted;

    File copy() {
      File copy = new File();
      copy.now = now.clone();
      copy.durable = durable.clone();
      copy.deleted = deleted;
      return copy;
    }
  }

  public void failWith(@Nullable Fault newFault) {
    fault = newFault;
  }

  /// Hears of the disk before and after each change.
  public void watch(Consumer<MemoryDisk> newWatcher) {
    watcher = newWatcher;
  }

  private File file(String name) throws NoSuchFileException {
    File file = files.get(name);
    if (file == null || file.deleted) {
      throw new NoSuchFileException(name);
    }
    return file;
  }

  /// Whether a file holds these bytes in what would outlive a power cut.
  public synchronized boolean holdsDurably(byte[] bytes) {
    String needle = new String(bytes, StandardCharsets.ISO_8859_1);
    return files.values().stream()
        .anyMatch(file -> new String(file.durable, StandardCharsets.ISO_8859_1).contains(needle));
  }

  /// What may be there after a power cut at this moment: of each file what was synced, and any part
  /// of what was not.
  public synchronized MemoryDisk afterPowerCut(Random random) {
    MemoryDisk after = new MemoryDisk();
    files.forEach((name, file) -> {
      if (file.deleted && random.nextBoolean()) {
        return;
      }
      File left = new File();
      left.now = file.deleted ? file.durable.clone() : torn(file, random);
      left.durable = left.now;
      after.files.put(name, left);
    });
    return after;
  }

  private static byte[] torn(File file, Random random) {
    if (Arrays.equals(file.now, file.durable)) {
      return file.durable.clone();
    }
    int shared = Math.min(file.durable.length, file.now.length);
    int length =
        shared + random.nextInt(Math.max(file.durable.length, file.now.length) - shared + 1);
    byte[] left = Arrays.copyOf(file.now, length);
    // Pages arrive in any order: what was not synced may be zeros, or be there.
    for (int at = shared; at < length; at++) {
      if (at % 64 == 0 && random.nextInt(3) == 0) {
        Arrays.fill(left, at, Math.min(length, at + 64), (byte) 0);
        at += 63;
      }
    }
    return left;
  }

  /// The disk as it is, for somebody who changes it.
  public synchronized MemoryDisk copy() {
    MemoryDisk copy = new MemoryDisk();
    files.forEach((name, file) -> copy.files.put(name, file.copy()));
    return copy;
  }

  /// Changes a file as somebody would who has the disk in his hands.
  public synchronized void tamper(String name, byte[] content) {
    File file = new File();
    file.now = content.clone();
    file.durable = content.clone();
    files.put(name, file);
  }

  public synchronized byte[] content(String name) throws IOException {
    return file(name).now.clone();
  }

  @Override
  public synchronized List<String> names() {
    List<String> names = new ArrayList<>();
    files.forEach((name, file) -> {
      if (!file.deleted) {
        names.add(name);
      }
    });
    return names;
  }

  @Override
  public synchronized long size(String name) throws IOException {
    return file(name).now.length;
  }

  @Override
  public synchronized byte[] read(String name, long offset, int length) throws IOException {
    byte[] now = file(name).now;
    int from = (int) Math.min(now.length, offset);
    return Arrays.copyOfRange(now, from, Math.min(now.length, from + length));
  }

  private interface Change {
    void make() throws IOException;
  }

  private void change(String call, Change change) throws IOException {
    watcher.accept(this);
    Fault failing = fault;
    if (failing != null) {
      failing.before(call);
    }
    synchronized (this) {
      change.make();
    }
    watcher.accept(this);
  }

  @Override
  public void create(String name) throws IOException {
    change("create", () -> files.put(name, new File()));
  }

  @Override
  public void write(String name, long offset, ByteBuffer bytes) throws IOException {
    byte[] content = new byte[bytes.remaining()];
    bytes.get(content);
    change(
        "write",
        () -> {
          File file = file(name);
          byte[] now =
              Arrays.copyOf(file.now, (int) Math.max(file.now.length, offset + content.length));
          System.arraycopy(content, 0, now, (int) offset, content.length);
          file.now = now;
        });
  }

  @Override
  public void force(String name) throws IOException {
    change("force", () -> file(name).durable = file(name).now.clone());
  }

  @Override
  public void truncate(String name, long size) throws IOException {
    change(
        "truncate",
        () -> {
          File file = file(name);
          file.now = Arrays.copyOf(file.now, (int) size);
          file.durable = file.now.clone();
        });
  }

  @Override
  public void replace(String name, byte[] content) throws IOException {
    change("replace", () -> tamper(name, content));
  }

  @Override
  public void delete(String name) throws IOException {
    change("delete", () -> file(name).deleted = true);
  }

  @Override
  public void close() {}
}
