package ringfence.router.events;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.router.disk.Disk;
import ringfence.router.disk.Frames;
import ringfence.router.disk.SegmentWriter;
import ringfence.router.disk.Segments;

/// The events on disk: appends, repairs, drops. Used by one thread at a time.
final class EventLog {
  static final Frames FRAMES = new Frames("RFEVNT1\n");
  static final Segments SEGMENTS = new Segments("events-");
  static final String ID = "id";
  static final String PUBLISHED = "published";

  private static final int ID_BYTES = 16;
  private static final int LEAST_RECORD_BYTES = Integer.BYTES + 1;
  private static final int MAX_FILE_BYTES = 1 << 30;

  private final Disk disk;
  private final OutboxSettings settings;
  private final OutboxObserver observer;
  private final String id;
  private final SegmentWriter writer;
  private final ArrayDeque<Part> parts;
  private long last;
  private long published;

  /// What a segment holds.
  private static final class Part {
    final String segment;
    long last;
    long lastMillis;
    long bytes;

    Part(String segment) {
      this.segment = segment;
    }
  }

  private EventLog(
      Disk disk,
      OutboxSettings settings,
      OutboxObserver observer,
      String id,
      SegmentWriter writer,
      ArrayDeque<Part> parts,
      long last,
      long published) {
    this.disk = disk;
    this.settings = settings;
    this.observer = observer;
    this.id = id;
    this.writer = writer;
    this.parts = parts;
    this.last = last;
    this.published = published;
  }

  /// Opens the events of a folder, or begins there: reads everything, and cuts an unsynced end off.
  static EventLog open(Disk disk, OutboxSettings settings, OutboxObserver observer)
      throws IOException {
    String id = idOf(disk);
    long published = Math.max(0, publishedOf(disk));
    ArrayDeque<Part> parts = new ArrayDeque<>();
    long last = published;
    List<String> segments = SEGMENTS.among(disk.names());
    for (String segment : segments) {
      long size = disk.size(segment);
      if (size > MAX_FILE_BYTES) {
        throw new IOException(segment + " has " + size + " bytes; no segment has as many");
      }
      Part part = new Part(segment);
      part.bytes = size;
      // Its name stands for the events before it, whatever has become of them.
      part.last = SEGMENTS.firstSequence(segment) - 1;
      parts.addLast(part);
      for (Frames.Piece piece : FRAMES.pieces(disk.read(segment, 0, (int) size))) {
        switch (piece.state()) {
          case WHOLE -> take(piece, part, observer);
          case BROKEN -> observer.damaged(segment, piece.offset(), piece.length());
          case BROKEN_END -> {
            // Whatever stood here, no sequence of it is used again.
            part.last = Math.max(part.last, last) + piece.length() / LEAST_RECORD_BYTES;
            if (segment.equals(segments.getLast())) {
              disk.truncate(segment, piece.offset());
              part.bytes = piece.offset();
              observer.tailCutOff(segment, piece.length());
            } else {
              observer.damaged(segment, piece.offset(), piece.length());
            }
          }
        }
      }
      last = Math.max(last, part.last);
    }
    SegmentWriter writer =
        SegmentWriter.open(disk, SEGMENTS, FRAMES, settings.maxSegmentBytes(), last + 1);
    return new EventLog(disk, settings, observer, id, writer, parts, last, published);
  }

  private static void take(Frames.Piece piece, Part part, OutboxObserver observer) {
    for (Frames.Stored stored : piece.records()) {
      try {
        Event event = Event.parseFrom(stored.bytes());
        part.last = Math.max(part.last, event.getSequence());
        part.lastMillis = event.getTimeMillis();
      } catch (InvalidProtocolBufferException notOne) {
        observer.damaged(part.segment, stored.offset(), stored.bytes().size());
      }
    }
  }

  private static String idOf(Disk disk) throws IOException {
    String id = read(disk);
    if (id != null) {
      return id;
    }
    byte[] drawn = new byte[ID_BYTES];
    new SecureRandom().nextBytes(drawn);
    String fresh = HexFormat.of().formatHex(drawn);
    disk.replace(ID, (fresh + "\n").getBytes(StandardCharsets.US_ASCII));
    return fresh;
  }

  private static @Nullable String read(Disk disk) throws IOException {
    if (!disk.names().contains(ID)) {
      return null;
    }
    String id = text(disk, ID);
    if (!id.matches("[0-9a-f]{32}")) {
      throw new IOException(
          ID + " does not hold 32 hexadecimal digits; move the folder away to begin a new outbox");
    }
    return id;
  }

  /// The sequence up to which everything was published; 0 where it can't be read: what was sent
  /// already is sent again, and is known by its id.
  private static long publishedOf(Disk disk) throws IOException {
    if (!disk.names().contains(PUBLISHED)) {
      return 0;
    }
    try {
      return Long.parseLong(text(disk, PUBLISHED));
    } catch (NumberFormatException garbled) {
      return 0;
    }
  }

  private static String text(Disk disk, String name) throws IOException {
    return new String(disk.read(name, 0, 64), StandardCharsets.US_ASCII).strip();
  }

  /// Appends events and gives them their sequences; durable when this returns. After a failure
  /// [#repair] has to come before the next one.
  void append(List<Event.Builder> events) throws IOException {
    List<ByteString> stored = new ArrayList<>(events.size());
    long sequence = last;
    for (Event.Builder event : events) {
      sequence++;
      stored.add(event.setOutbox(id).setSequence(sequence).build().toByteString());
    }
    SegmentWriter.Written written = writer.append(stored, last + 1);
    Part part = parts.peekLast();
    if (part == null || !part.segment.equals(written.segment())) {
      part = new Part(written.segment());
      parts.addLast(part);
    }
    part.bytes += written.bytes();
    part.last = sequence;
    part.lastMillis = events.getLast().getTimeMillis();
    last = sequence;
  }

  void repair() throws IOException {
    writer.repair();
  }

  boolean isUncertain() {
    return writer.isUncertain();
  }

  /// Drops old segments that need not be kept.
  void retain(long nowMillis) throws IOException {
    long oldest = nowMillis - settings.maxAge().toMillis();
    Part newest = parts.peekLast();
    if (newest != null && newest.lastMillis < oldest && isDone(newest)) {
      writer.rotate();
    }
    long bytes = bytes();
    Part part = parts.peekFirst();
    while (part != null
        && !writer.isWriting(part.segment)
        && isDone(part)
        && (part.lastMillis < oldest || bytes > settings.keptBytes())) {
      disk.delete(part.segment);
      observer.removed(part.segment);
      bytes -= part.bytes;
      parts.removeFirst();
      part = parts.peekFirst();
    }
  }

  private boolean isDone(Part part) {
    return !settings.publishes() || part.last <= published;
  }

  /// Everything up to that sequence has reached its receiver; durable when this returns.
  void published(long sequence) throws IOException {
    if (sequence > published) {
      disk.replace(PUBLISHED, (sequence + "\n").getBytes(StandardCharsets.US_ASCII));
      published = sequence;
    }
  }

  long published() {
    return published;
  }

  String id() {
    return id;
  }

  long last() {
    return last;
  }

  long bytes() {
    return parts.stream().mapToLong(part -> part.bytes).sum();
  }
}
