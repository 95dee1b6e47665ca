package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Checkpoint;
import ringfence.proto.v1.LedgerHead;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.Disk;
import ringfence.router.disk.Frames;
import ringfence.router.disk.Frames.Piece;
import ringfence.router.disk.Frames.Stored;

/// Reads a whole ledger in its order and says what is wrong with it: which records were changed,
/// dropped, reordered or cut off.
public final class ChainReader {
  static final String HEAD = "head";
  private static final int MAX_PROBLEMS = 100;
  private static final int MAX_FILE_BYTES = 1 << 30;

  /// What was done to a ledger.
  public enum Kind {
    /// A record or what surrounds it has other bytes than were written.
    CHANGED,
    /// Records are missing before others.
    DROPPED,
    /// A record stands in another place, or twice.
    REORDERED,
    /// Records are missing at the end.
    TRUNCATED,
    /// The signed head is missing or not signed by the ledger's key.
    HEAD
  }

  /// One thing that is wrong.
  ///
  /// @param sequence of the (first) record that it concerns; 0: of none
  public record Problem(Kind kind, long sequence, String text) {}

  /// An end that was not synced, as a power cut leaves it.
  public record TornEnd(String segment, int offset, int bytes) {}

  /// What a ledger holds.
  ///
  /// @param problems at most 100, and one of a record that was noted
  /// @param last of the chain; 0: there is no record
  /// @param lastHash of that record, or the chain's origin
  /// @param droppedThrough what retention may have dropped; 0: nothing
  public record Contents(
      List<Problem> problems,
      @Nullable TornEnd tornEnd,
      long records,
      long first,
      long last,
      ByteString lastHash,
      long droppedThrough,
      @Nullable LedgerHead head) {

    /// With one problem more.
    Contents and(Problem another) {
      List<Problem> all = new ArrayList<>(problems);
      all.add(another);
      return new Contents(
          List.copyOf(all), tornEnd, records, first, last, lastHash, droppedThrough, head);
    }
  }

  /// Hears each record in the order of the files.
  interface Sink {
    void record(String segment, Stored stored, LedgerRecord record, ByteString hash);
  }

  private final Disk disk;
  private final PublicKey key;
  private final Sink sink;
  private final List<Problem> problems = new ArrayList<>();
  private final TreeMap<Long, Long> missing = new TreeMap<>();
  private @Nullable LedgerHead head;
  private @Nullable TornEnd tornEnd;
  private @Nullable String unreadable;
  private long records;
  private long first;
  private ByteString beforeFirst = ByteString.EMPTY;
  private boolean firstIsVouchedFor;
  private long last;
  private ByteString lastHash;
  private long suspect;
  private long droppedThrough;

  private ChainReader(Disk disk, PublicKey key, Sink sink) {
    this.disk = disk;
    this.key = key;
    this.sink = sink;
    this.lastHash = LedgerKeys.origin(key);
  }

  /// Reads and checks a ledger.
  ///
  /// @throws IOException when it can't be read
  public static Contents check(Disk disk, PublicKey key) throws IOException {
    return read(disk, key, (_, _, _, _) -> {});
  }

  /// Reads and checks a ledger that must still have a record as it was noted.
  ///
  /// @param noted null: none was
  /// @throws IOException when it can't be read
  public static Contents check(Disk disk, PublicKey key, @Nullable Noted noted) throws IOException {
    return noted == null ? check(disk, key) : noted.check(disk, key);
  }

  static Contents read(Disk disk, PublicKey key, Sink sink) throws IOException {
    return new ChainReader(disk, key, sink).read();
  }

  private Contents read() throws IOException {
    List<String> names = disk.names();
    readHead(names.contains(HEAD));
    List<String> segments = Ledger.SEGMENTS.among(names);
    for (String segment : segments) {
      read(segment, segment.equals(segments.getLast()));
    }
    end();
    return new Contents(
        List.copyOf(problems), tornEnd, records, first, last, lastHash, droppedThrough, head);
  }

  private void readHead(boolean there) throws IOException {
    if (!there) {
      problem(Kind.HEAD, 0, "the signed head is missing");
      return;
    }
    LedgerHead found;
    try {
      found = LedgerHead.parseFrom(disk.read(HEAD, 0, 1 << 16));
    } catch (InvalidProtocolBufferException garbled) {
      problem(Kind.HEAD, 0, "the signed head can't be read");
      return;
    }
    if (LedgerKeys.verifies(key, found)) {
      head = found;
    } else {
      problem(Kind.HEAD, 0, "the head's signature is not the ledger's");
    }
  }

  private void read(String segment, boolean newest) throws IOException {
    long size = disk.size(segment);
    if (size > MAX_FILE_BYTES) {
      throw new LedgerDamagedException(segment + " has " + size + " bytes; no segment has as many");
    }
    boolean began = false;
    for (Piece piece : Ledger.FRAMES.pieces(disk.read(segment, 0, (int) size))) {
      switch (piece.state()) {
        case WHOLE -> {}
        case BROKEN -> broken(segment, piece);
        case BROKEN_END -> {
          if (newest && isUnsynced()) {
            tornEnd = new TornEnd(segment, piece.offset(), piece.length());
            return;
          }
          broken(segment, piece);
        }
      }
      for (Stored stored : piece.records()) {
        took(segment, stored, !began);
        began = true;
      }
      if (piece.state() == Frames.State.WHOLE) {
        unreadable = null;
      }
    }
  }

  /// Whether the head vouches for nothing beyond the records before it: then it may be a commit
  /// that was never completed.
  private boolean isUnsynced() {
    LedgerHead vouched = head;
    return vouched == null || vouched.getSequence() <= last;
  }

  private void broken(String segment, Piece piece) {
    String where = segment + ", byte " + piece.offset();
    problem(Kind.CHANGED, last + 1, where + ": the checksum of a commit does not match");
    unreadable = where;
  }

  private void took(String segment, Stored stored, boolean begins) {
    String where = segment + ", byte " + stored.offset();
    LedgerRecord record;
    try {
      record = LedgerRecord.parseFrom(stored.bytes());
    } catch (InvalidProtocolBufferException garbled) {
      problem(Kind.CHANGED, last + 1, where + ": what stands here is no record");
      unreadable = where;
      return;
    }
    ByteString hash = LedgerKeys.sha256(stored.bytes());
    long sequence = record.getSequence();
    if (begins && sequence != Ledger.SEGMENTS.firstSequence(segment) && sequence > last) {
      problem(Kind.REORDERED, sequence, where + ": record " + sequence + " begins this segment");
    }
    records++;
    if (first == 0) {
      begin(record);
      advance(sequence, hash);
    } else if (sequence == last + 1) {
      if (!record.getPrevious().equals(lastHash)) {
        linkBroken(sequence);
      } else {
        linkHolds();
      }
      advance(sequence, hash);
    } else if (sequence > last + 1) {
      gap(last + 1, sequence - 1);
      advance(sequence, hash);
    } else {
      outOfPlace(sequence, where);
    }
    compareWithHead(sequence, hash, where);
    if (record.hasCheckpoint()) {
      checkpoint(record.getCheckpoint());
    }
    sink.record(segment, stored, record, hash);
  }

  private void begin(LedgerRecord record) {
    first = record.getSequence();
    beforeFirst = record.getPrevious();
    if (first == 1) {
      firstIsVouchedFor = beforeFirst.equals(lastHash);
    }
  }

  private void advance(long sequence, ByteString hash) {
    last = sequence;
    lastHash = hash;
  }

  private void gap(long from, long to) {
    settleSuspect(false);
    String where = unreadable;
    unreadable = null;
    if (where != null) {
      problem(Kind.CHANGED, from, where + ": " + range(from, to) + " can't be read");
    } else if (missing.size() < MAX_PROBLEMS) {
      missing.put(from, to);
    }
  }

  private void outOfPlace(long sequence, String where) {
    Map.Entry<Long, Long> hole = missing.floorEntry(sequence);
    if (hole == null || hole.getValue() < sequence) {
      problem(
          Kind.REORDERED, sequence, where + ": record " + sequence + " stands here a second time");
      return;
    }
    missing.remove(hole.getKey());
    if (hole.getKey() < sequence) {
      missing.put(hole.getKey(), sequence - 1);
    }
    if (sequence < hole.getValue()) {
      missing.put(sequence + 1, hole.getValue());
    }
    problem(
        Kind.REORDERED,
        sequence,
        where + ": record " + sequence + " stands after record " + last + ", out of its place");
  }

  /// A record's link does not fit: either it or the one before was changed, and the next link tells
  /// which.
  private void linkBroken(long sequence) {
    if (suspect != 0) {
      changed(suspect);
      suspect = 0;
    } else {
      suspect = sequence;
    }
  }

  private void linkHolds() {
    settleSuspect(true);
  }

  private void settleSuspect(boolean itsOwnHashHolds) {
    if (suspect != 0) {
      changed(itsOwnHashHolds ? suspect - 1 : suspect);
      suspect = 0;
    }
  }

  private void changed(long sequence) {
    problem(
        Kind.CHANGED,
        sequence,
        "record " + sequence + " was changed: the hash chain does not hold there");
  }

  private void compareWithHead(long sequence, ByteString hash, String where) {
    LedgerHead vouched = head;
    if (vouched != null && sequence == vouched.getSequence() && !hash.equals(vouched.getHash())) {
      problem(
          Kind.CHANGED,
          sequence,
          where + ": record " + sequence + " was changed: the signed head has another hash for it");
      suspect = suspect == sequence ? 0 : suspect;
    }
  }

  private void checkpoint(Checkpoint checkpoint) {
    droppedThrough = Math.max(droppedThrough, checkpoint.getDroppedThrough());
    if (first == 1) {
      return;
    }
    if (checkpoint.getDroppedThrough() >= first
        || (checkpoint.getDroppedThrough() == first - 1
            && checkpoint.getHash().equals(beforeFirst))) {
      firstIsVouchedFor = true;
    }
  }

  private void end() {
    LedgerHead vouched = head;
    if (suspect != 0) {
      // The last record: a head that vouches for it was compared before.
      boolean vouchedFor = vouched != null && vouched.getSequence() == suspect;
      settleSuspect(vouchedFor);
    }
    if (first > 0 && !firstIsVouchedFor) {
      problem(
          first == 1 ? Kind.CHANGED : Kind.DROPPED,
          1,
          first == 1
              ? "record 1 was changed: it does not begin this ledger's chain"
              : range(1, first - 1)
                  + " are missing, and no checkpoint says that they were dropped");
    }
    missing.forEach((from, to) -> {
      if (to > droppedThrough) {
        problem(Kind.DROPPED, from, range(from, to) + " missing before record " + (to + 1));
      }
    });
    if (vouched != null && vouched.getSequence() > last) {
      problem(
          Kind.TRUNCATED,
          last + 1,
          range(last + 1, vouched.getSequence()) + " missing at the end: the signed head has them");
    }
  }

  private static String range(long from, long to) {
    return from == to ? "record " + from : "records " + from + " to " + to;
  }

  private void problem(Kind kind, long sequence, String text) {
    if (problems.size() < MAX_PROBLEMS) {
      problems.add(new Problem(kind, sequence, text));
    }
  }
}
