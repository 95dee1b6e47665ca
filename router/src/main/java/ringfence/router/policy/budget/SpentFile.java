package ringfence.router.policy.budget;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import ringfence.router.policy.document.BudgetLimit.Window;

/// Keeps what was spent over restarts: a small text file, replaced as a whole, one line for each
/// tenant and window: `tenant window start requests tokens money-in-billionths`.
public final class SpentFile {
  private final Path file;
  private List<Spent> written = List.of();

  /// @param file in a folder that can be written
  public SpentFile(Path file) {
    this.file = file;
  }

  /// `policy.yaml`'s is `policy.spent`.
  public static Path beside(Path policy) {
    String name = policy.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return policy.resolveSibling((dot < 1 ? name : name.substring(0, dot)) + ".spent");
  }

  /// Makes sure that it can be written later.
  public void check() throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isWritable(folder)) {
      throw new IOException("its folder can't be written to");
    }
  }

  /// What was written last; nothing where there is no file.
  ///
  /// @throws IOException when it can't be read or is not such a file; the message names the line
  public List<Spent> read() throws IOException {
    List<Spent> all = new ArrayList<>();
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (NoSuchFileException none) {
      return all;
    }
    for (String line : lines) {
      String[] words = line.split(" ", -1);
      try {
        all.add(
            new Spent(
                words[0],
                Window.valueOf(words[1]),
                Instant.parse(words[2]),
                new Amounts(
                    Long.parseLong(words[3]), Long.parseLong(words[4]), Long.parseLong(words[5])),
                null));
      } catch (RuntimeException broken) {
        throw new IOException(
            file
                + " line "
                + (all.size() + 1)
                + " is not what a router wrote; remove the file to"
                + " begin anew",
            broken);
      }
    }
    return all;
  }

  /// Writes what has been used, when anything has since the last time.
  public void write(List<Spent> spent) throws IOException {
    List<Spent> used =
        spent.stream()
            .filter(one -> !one.amounts().equals(Amounts.NOTHING) && !one.tenant().isEmpty())
            .map(one -> new Spent(one.tenant(), one.window(), one.start(), one.amounts(), null))
            .sorted(Comparator.comparing(Spent::tenant).thenComparing(Spent::window))
            .toList();
    if (used.equals(written)) {
      return;
    }
    StringBuilder text = new StringBuilder();
    for (Spent one : used) {
      text.append(one.tenant()).append(' ').append(one.window()).append(' ').append(one.start());
      text.append(' ').append(one.amounts().requests());
      text.append(' ').append(one.amounts().tokens());
      text.append(' ').append(one.amounts().moneyNanos()).append('\n');
    }
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    written = used;
  }
}
