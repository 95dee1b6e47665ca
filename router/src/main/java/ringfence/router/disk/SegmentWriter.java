package ringfence.router.disk;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;

/// Appends commits to the newest of a row of segments and begins the next one when it is full.
/// After a failed write what the disk holds is uncertain, and [#repair] has to come before the next
/// one. Used by one thread at a time.
public final class SegmentWriter {
  private final Disk disk;
  private final Segments names;
  private final Frames frames;
  private final int maxSegmentBytes;
  private String segment;
  private boolean exists;
  private long length;
  private boolean rotate;
  private boolean uncertain;

  private SegmentWriter(
      Disk disk, Segments names, Frames frames, int maxSegmentBytes, String segment) {
    this.disk = disk;
    this.names = names;
    this.frames = frames;
    this.maxSegmentBytes = maxSegmentBytes;
    this.segment = segment;
  }

  /// Goes on in the newest segment, whose end must be sound.
  ///
  /// @param next the record that comes next
  public static SegmentWriter open(
      Disk disk, Segments names, Frames frames, int maxSegmentBytes, long next) throws IOException {
    SegmentWriter writer =
        new SegmentWriter(disk, names, frames, maxSegmentBytes, names.name(next));
    List<String> segments = names.among(disk.names());
    if (!segments.isEmpty()) {
      writer.segment = segments.getLast();
      writer.exists = true;
      writer.length = disk.size(writer.segment);
      writer.rotate = writer.length >= maxSegmentBytes;
    }
    return writer;
  }

  /// Where a commit lies.
  ///
  /// @param offsets of each record in the segment
  /// @param bytes that were added
  public record Written(String segment, List<Integer> offsets, int bytes) {}

  /// One commit, durable when this returns. After a failure nothing of it is.
  ///
  /// @param first number of the first record
  public Written append(List<ByteString> records, long first) throws IOException {
    if (uncertain) {
      throw new IOException("the end of " + segment + " is uncertain after a failed write");
    }
    if (rotate) {
      segment = names.name(first);
      exists = false;
      length = 0;
      rotate = false;
    }
    boolean opens = length == 0;
    var frame = frames.frame(records, opens);
    int frameBytes = frame.remaining();
    uncertain = true;
    if (!exists) {
      disk.create(segment);
      exists = true;
    }
    disk.write(segment, length, frame);
    disk.force(segment);
    uncertain = false;
    int at = Math.toIntExact(length);
    length += frameBytes;
    rotate = length >= maxSegmentBytes;
    return new Written(
        segment,
        frames.offsets(records, opens).stream().map(offset -> at + offset).toList(),
        frameBytes);
  }

  /// Takes back what a failed append may have left, and goes on in a new segment: what a file holds
  /// after a failed sync is not to be relied on.
  public void repair() throws IOException {
    if (uncertain) {
      if (exists || disk.names().contains(segment)) {
        exists = true;
        disk.truncate(segment, length);
      }
      rotate = length > 0;
      uncertain = false;
    }
  }

  /// The next append begins a new segment.
  public void rotate() {
    rotate = length > 0;
  }

  /// Whether the next append goes there.
  public boolean isWriting(String name) {
    return name.equals(segment) && !rotate;
  }

  /// Whether [#repair] has to come first.
  public boolean isUncertain() {
    return uncertain;
  }
}
