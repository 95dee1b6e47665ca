package ringfence.router.events;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.router.disk.Disk;
import ringfence.router.disk.Frames;

/// Reads an outbox' events in the order of their sequences, each once, also beside a router that
/// writes. What is damaged is left out and told.
public final class OutboxReader {
  private static final int CHUNK = 256 << 10;
  private static final int MOST = Frames.MAX_PAYLOAD_BYTES + 64;
  private static final int[] CHUNKS = {CHUNK, MOST};

  private final Disk disk;
  private final Damage damage;
  private long after;
  private @Nullable String segment;
  private long offset;

  /// Hears of bytes that are no events any more.
  public interface Damage {
    void damaged(String segment, long offset, long bytes);
  }

  /// @param after the sequence before the first event
  public OutboxReader(Disk disk, long after, Damage damage) {
    this.disk = disk;
    this.after = after;
    this.damage = damage;
  }

  /// The next events; none: there are no more now.
  ///
  /// @param most about so many
  /// @param upTo what comes after that sequence is not read yet
  public List<Event> next(int most, long upTo) throws IOException {
    List<Event> events = new ArrayList<>();
    boolean more = after < upTo;
    while (more && events.size() < most) {
      // Their names first: when there is a newer one, nothing is added to this one any more.
      List<String> segments = EventLog.SEGMENTS.among(disk.names());
      String reading = segment;
      if (reading == null || !segments.contains(reading)) {
        reading = first(segments);
        segment = reading;
        offset = 0;
      }
      if (reading == null) {
        return events;
      }
      more = read(reading, reading.equals(segments.getLast()), events, most, upTo);
      if (!more && events.isEmpty()) {
        int next = segments.indexOf(reading) + 1;
        if (next < segments.size() && isAtEnd(reading)) {
          segment = segments.get(next);
          offset = 0;
          more = true;
        }
      }
    }
    return events;
  }

  private @Nullable String first(List<String> segments) {
    String found = segments.isEmpty() ? null : segments.getFirst();
    for (String name : segments) {
      if (EventLog.SEGMENTS.firstSequence(name) <= after + 1) {
        found = name;
      }
    }
    return found;
  }

  private boolean isAtEnd(String reading) throws IOException {
    try {
      return offset >= disk.size(reading);
    } catch (NoSuchFileException dropped) {
      return true;
    }
  }

  /// Reads on in a segment; false: there is nothing more in it now.
  private boolean read(String reading, boolean newest, List<Event> events, int most, long upTo)
      throws IOException {
    for (int chunk : CHUNKS) {
      byte[] bytes;
      try {
        bytes = disk.read(reading, offset, chunk);
      } catch (NoSuchFileException dropped) {
        return false;
      }
      boolean toTheEnd = bytes.length < chunk;
      long from = offset;
      List<Frames.Piece> pieces = EventLog.FRAMES.pieces(bytes, offset == 0);
      for (Frames.Piece piece : pieces) {
        if (piece.state() == Frames.State.WHOLE) {
          if (!take(piece, events, upTo)) {
            return false;
          }
        } else {
          boolean cut = toTheEnd ? newest : pieces.size() > 1 || chunk < MOST;
          if (piece.state() == Frames.State.BROKEN_END && cut) {
            break;
          }
          damage.damaged(reading, from + piece.offset(), piece.length());
        }
        offset = from + piece.offset() + piece.length();
        if (events.size() >= most) {
          return true;
        }
      }
      if (offset > from) {
        return true;
      }
      if (toTheEnd) {
        return false;
      }
    }
    return false;
  }

  /// False: it holds what is not to be read yet.
  private boolean take(Frames.Piece piece, List<Event> events, long upTo) {
    List<Event> held = new ArrayList<>(piece.records().size());
    for (Frames.Stored stored : piece.records()) {
      try {
        held.add(Event.parseFrom(stored.bytes()));
      } catch (InvalidProtocolBufferException notOne) {
        damage.damaged(String.valueOf(segment), stored.offset(), stored.bytes().size());
      }
    }
    if (!held.isEmpty() && held.getLast().getSequence() > upTo) {
      return false;
    }
    for (Event event : held) {
      if (event.getSequence() > after) {
        events.add(event);
        after = event.getSequence();
      }
    }
    return true;
  }
}
