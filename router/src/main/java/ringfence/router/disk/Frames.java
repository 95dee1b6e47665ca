package ringfence.router.disk;

import com.google.protobuf.ByteString;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// The format of segments, as `ledger.proto` describes it: a header that says what they hold, then
/// frames, each a commit with a checksum.
public final class Frames {
  /// Of one record.
  public static final int MAX_RECORD_BYTES = 64 << 10;

  /// Of one commit.
  public static final int MAX_PAYLOAD_BYTES = 4 << 20;

  private static final int MARK = 'R' | 'F' << 8 | 'G' << 16 | '1' << 24;
  private static final int FRAME_HEADER_BYTES = 12;
  private static final VarHandle LITTLE_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] header;

  /// @param header what each segment begins with
  public Frames(String header) {
    this.header = header.getBytes(StandardCharsets.US_ASCII);
  }

  /// A record as it lies in its segment.
  public record Stored(int offset, ByteString bytes) {}

  /// A part of a segment.
  ///
  /// @param state what can be said of it
  /// @param records those that can be told apart in it
  public record Piece(State state, int offset, int length, List<Stored> records) {}

  /// What a piece is.
  public enum State {
    /// A commit whose checksum holds.
    WHOLE,
    /// Not a commit, or one with a wrong checksum, and a whole one follows.
    BROKEN,
    /// The same at the segment's end.
    BROKEN_END
  }

  /// One commit; with the segment's header where it is the first.
  public ByteBuffer frame(List<ByteString> records, boolean first) {
    int payload = 0;
    for (ByteString stored : records) {
      payload += Integer.BYTES + stored.size();
    }
    int before = first ? header.length : 0;
    ByteBuffer frame =
        ByteBuffer.allocate(before + FRAME_HEADER_BYTES + payload).order(ByteOrder.LITTLE_ENDIAN);
    if (first) {
      frame.put(header);
    }
    frame.putInt(MARK).putInt(payload).putInt(0);
    for (ByteString stored : records) {
      frame.putInt(stored.size());
      stored.copyTo(frame);
    }
    frame.putInt(before + 8, checksum(frame.array(), before, payload));
    return frame.flip();
  }

  /// Where each record of a frame lies, counted from the frame's first byte as [#frame] made it.
  public List<Integer> offsets(List<ByteString> records, boolean first) {
    List<Integer> offsets = new ArrayList<>(records.size());
    int at = (first ? header.length : 0) + FRAME_HEADER_BYTES;
    for (ByteString stored : records) {
      offsets.add(at);
      at += Integer.BYTES + stored.size();
    }
    return offsets;
  }

  /// Of the length and the payload of the frame at `offset`.
  private static int checksum(byte[] bytes, int offset, int payload) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, offset + 4, 4);
    checksum.update(bytes, offset + FRAME_HEADER_BYTES, payload);
    return (int) checksum.getValue();
  }

  /// A whole segment in pieces, in their order.
  public List<Piece> pieces(byte[] segment) {
    return pieces(segment, true);
  }

  /// A part of a segment in pieces; it ends in a broken one where it cuts a commit.
  ///
  /// @param fromStart it is the segment's beginning; otherwise it begins with a commit
  public List<Piece> pieces(byte[] segment, boolean fromStart) {
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    if (!fromStart) {
      at = 0;
    } else if (startsWithHeader(segment)) {
      at = header.length;
    } else if (segment.length > 0) {
      at = broken(segment, 0, pieces);
    }
    while (at < segment.length) {
      if (isWhole(segment, at)) {
        int length = FRAME_HEADER_BYTES + intAt(segment, at + 4);
        pieces.add(new Piece(State.WHOLE, at, length, records(segment, at, length)));
        at += length;
      } else {
        at = broken(segment, at, pieces);
      }
    }
    return pieces;
  }

  private static int intAt(byte[] bytes, int at) {
    return (int) LITTLE_ENDIAN.get(bytes, at);
  }

  private boolean startsWithHeader(byte[] segment) {
    return segment.length >= header.length
        && java.util.Arrays.equals(segment, 0, header.length, header, 0, header.length);
  }

  private static int broken(byte[] bytes, int at, List<Piece> pieces) {
    int next = at + 1;
    while (next < bytes.length && !isWhole(bytes, next)) {
      next++;
    }
    pieces.add(
        new Piece(
            next < bytes.length ? State.BROKEN : State.BROKEN_END,
            at,
            next - at,
            records(bytes, at, next - at)));
    return next;
  }

  private static boolean isWhole(byte[] bytes, int at) {
    if (bytes.length - at < FRAME_HEADER_BYTES || intAt(bytes, at) != MARK) {
      return false;
    }
    int payload = intAt(bytes, at + 4);
    return payload >= 0
        && payload <= MAX_PAYLOAD_BYTES
        && payload <= bytes.length - at - FRAME_HEADER_BYTES
        && checksum(bytes, at, payload) == intAt(bytes, at + 8);
  }

  private static List<Stored> records(byte[] bytes, int at, int length) {
    List<Stored> records = new ArrayList<>();
    int end = at + length;
    int next = at + FRAME_HEADER_BYTES;
    while (end - next > Integer.BYTES) {
      int size = intAt(bytes, next);
      if (size <= 0 || size > end - next - Integer.BYTES) {
        break;
      }
      records.add(new Stored(next, ByteString.copyFrom(bytes, next + Integer.BYTES, size)));
      next += Integer.BYTES + size;
    }
    return records;
  }
}
