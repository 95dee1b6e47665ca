package ringfence.router.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A folder of a real file system, for the router's user alone (700, files 600), held by one
/// process at a time.
public final class FolderDisk implements Disk {
  private static final String LOCK = "lock";
  private static final String UNFINISHED = ".unfinished";

  private final Path folder;
  private final @Nullable FileChannel lockFile;
  private @Nullable String writing;
  private @Nullable FileChannel channel;

  private FolderDisk(Path folder, @Nullable FileChannel lockFile) {
    this.folder = folder;
    this.lockFile = lockFile;
  }

  /// Opens a folder, which is made where it does not exist, and locks it.
  ///
  /// @throws IOException when it can't be written, or another process holds it
  public static FolderDisk open(Path folder) throws IOException {
    Files.createDirectories(folder, attributes("rwx------"));
    FileChannel lockFile =
        FileChannel.open(
            folder.resolve(LOCK),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            attributes("rw-------"));
    boolean held = false;
    try {
      FileLock lock = lockFile.tryLock();
      held = lock != null;
    } catch (OverlappingFileLockException inThisProcess) {
      held = false;
    } finally {
      if (!held) {
        lockFile.close();
      }
    }
    if (!held) {
      throw new IOException(folder + " is in use by another router");
    }
    return new FolderDisk(folder, lockFile);
  }

  /// Opens a folder to read it, also beside a router that writes.
  public static FolderDisk reading(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IOException("there is no folder " + folder);
    }
    return new FolderDisk(folder, null);
  }

  private static FileAttribute<?>[] attributes(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  @Override
  public List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }

  @Override
  public long size(String name) throws IOException {
    return Files.size(folder.resolve(name));
  }

  @Override
  public byte[] read(String name, long offset, int length) throws IOException {
    try (FileChannel file = FileChannel.open(folder.resolve(name), StandardOpenOption.READ)) {
      int there = Math.clamp(file.size() - offset, 0, length);
      ByteBuffer bytes = ByteBuffer.allocate(there);
      while (bytes.hasRemaining() && file.read(bytes, offset + bytes.position()) > 0) {}
      return bytes.hasRemaining()
          ? java.util.Arrays.copyOf(bytes.array(), bytes.position())
          : bytes.array();
    }
  }

  @Override
  public void create(String name) throws IOException {
    open(
            name,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)
        .force(true);
    forceFolder();
  }

  @Override
  public void write(String name, long offset, ByteBuffer bytes) throws IOException {
    FileChannel file = opened(name);
    long at = offset;
    while (bytes.hasRemaining()) {
      at += file.write(bytes, at);
    }
  }

  @Override
  public void force(String name) throws IOException {
    opened(name).force(false);
  }

  @Override
  public void truncate(String name, long size) throws IOException {
    FileChannel file = opened(name);
    file.truncate(size);
    file.force(true);
  }

  private FileChannel opened(String name) throws IOException {
    FileChannel open = channel;
    return open != null && name.equals(writing) ? open : open(name, StandardOpenOption.WRITE);
  }

  private FileChannel open(String name, OpenOption... options) throws IOException {
    closeWriting();
    FileChannel opened =
        FileChannel.open(folder.resolve(name), Set.of(options), attributes("rw-------"));
    channel = opened;
    writing = name;
    return opened;
  }

  private void closeWriting() throws IOException {
    FileChannel open = channel;
    channel = null;
    writing = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void replace(String name, byte[] content) throws IOException {
    Path unfinished = folder.resolve(name + UNFINISHED);
    try (FileChannel file =
        FileChannel.open(
            unfinished,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE),
            attributes("rw-------"))) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.move(
        unfinished,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    forceFolder();
  }

  @Override
  public void delete(String name) throws IOException {
    if (name.equals(writing)) {
      closeWriting();
    }
    Files.deleteIfExists(folder.resolve(name));
  }

  private void forceFolder() throws IOException {
    try (FileChannel itself = FileChannel.open(folder, StandardOpenOption.READ)) {
      itself.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    closeWriting();
    if (lockFile != null) {
      lockFile.close();
    }
  }

  @Override
  public String toString() {
    return folder.toString();
  }
}
