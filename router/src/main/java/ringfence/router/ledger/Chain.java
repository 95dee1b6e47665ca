package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import ringfence.proto.v1.Checkpoint;
import ringfence.proto.v1.LedgerHead;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.Disk;
import ringfence.router.disk.SegmentWriter;
import ringfence.router.ledger.Index.Extent;

/// The chain on disk: appends, repairs, rotates, drops. Used by one thread at a time.
final class Chain {
  private final Disk disk;
  private final LedgerSettings settings;
  private final LedgerKeys keys;
  private final Index index;
  private final SegmentWriter writer;
  private long last;
  private ByteString lastHash;
  private long headOnDisk;

  private Chain(
      Disk disk,
      LedgerSettings settings,
      LedgerKeys keys,
      Index index,
      ChainReader.Contents contents)
      throws IOException {
    this.disk = disk;
    this.settings = settings;
    this.keys = keys;
    this.index = index;
    this.last = contents.last();
    this.lastHash = contents.lastHash();
    this.writer =
        SegmentWriter.open(
            disk, Ledger.SEGMENTS, Ledger.FRAMES, settings.maxSegmentBytes(), last + 1);
    LedgerHead head = contents.head();
    this.headOnDisk = head == null ? -1 : head.getSequence();
  }

  /// Opens the chain of a folder: cuts an unsynced end off, finishes what retention began, and
  /// signs the head anew.
  ///
  /// @throws LedgerDamagedException when it is not what was written
  static Chain open(
      Disk disk,
      LedgerSettings settings,
      LedgerKeys keys,
      Index index,
      LedgerObserver observer,
      boolean fresh)
      throws IOException {
    if (fresh) {
      LedgerHead none = keys.sign(0, LedgerKeys.origin(keys.verifying()));
      disk.replace(ChainReader.HEAD, none.toByteArray());
    }
    ChainReader.Contents contents =
        ChainReader.read(
            disk,
            keys.verifying(),
            (name, stored, record, hash) ->
                index.add(
                    name,
                    stored.offset(),
                    record.hasDeparture() ? record.getDeparture().getRequestId() : null,
                    record.getSequence(),
                    hash,
                    record.getTimeMillis()));
    if (!contents.problems().isEmpty()) {
      throw new LedgerDamagedException(
          "the ledger is not what was written, and nothing leaves on top of it: "
              + contents.problems().getFirst().text()
              + (contents.problems().size() > 1
                  ? " (and " + (contents.problems().size() - 1) + " more)"
                  : "")
              + "; 'router ledger verify' tells all; move the folder away to begin a new ledger");
    }
    ChainReader.TornEnd torn = contents.tornEnd();
    if (torn != null) {
      disk.truncate(torn.segment(), torn.offset());
      observer.tailCutOff(torn.segment(), torn.bytes());
    }
    Chain chain = new Chain(disk, settings, keys, index, contents);
    chain.dropThrough(contents.droppedThrough());
    chain.writeHead();
    return chain;
  }

  /// One commit: the records with their places in the chain, durable when this returns. After a
  /// failure none of them is in the chain, and [#repair] has to come before the next one.
  List<Long> append(List<LedgerRecord.Builder> records, long timeMillis) throws IOException {
    List<ByteString> stored = new ArrayList<>(records.size());
    List<ByteString> hashes = new ArrayList<>(records.size());
    List<Long> sequences = new ArrayList<>(records.size());
    long sequence = last;
    ByteString previous = lastHash;
    for (LedgerRecord.Builder record : records) {
      sequence++;
      ByteString bytes =
          record
              .setSequence(sequence)
              .setPrevious(previous)
              .setTimeMillis(timeMillis)
              .build()
              .toByteString();
      previous = LedgerKeys.sha256(bytes);
      stored.add(bytes);
      hashes.add(previous);
      sequences.add(sequence);
    }
    SegmentWriter.Written written = writer.append(stored, last + 1);
    for (int i = 0; i < stored.size(); i++) {
      LedgerRecord.Builder record = records.get(i);
      index.add(
          written.segment(),
          written.offsets().get(i),
          record.hasDeparture() ? record.getDeparture().getRequestId() : null,
          sequences.get(i),
          hashes.get(i),
          timeMillis);
    }
    last = sequence;
    lastHash = previous;
    return sequences;
  }

  /// Takes back what a failed append may have left.
  void repair() throws IOException {
    writer.repair();
  }

  /// Drops old segments, as the settings have it. Returns the sequence through which records were
  /// dropped; 0: none was.
  long retain(long nowMillis) throws IOException {
    List<Extent> extents = index.extents();
    long oldest = nowMillis - settings.maxAge().toMillis();
    if (!extents.isEmpty() && extents.getLast().lastMillis() < oldest) {
      writer.rotate();
    }
    long left = index.records();
    Extent dropped = null;
    for (Extent extent : extents) {
      boolean writing = writer.isWriting(extent.segment());
      boolean tooOld = extent.lastMillis() < oldest;
      if (writing || !(tooOld || left - extent.records() >= settings.maxRecords())) {
        break;
      }
      left -= extent.records();
      dropped = extent;
    }
    if (dropped == null) {
      return 0;
    }
    append(
        List.of(
            LedgerRecord.newBuilder()
                .setCheckpoint(
                    Checkpoint.newBuilder()
                        .setDroppedThrough(dropped.last())
                        .setHash(dropped.lastHash()))),
        nowMillis);
    writeHead();
    dropThrough(dropped.last());
    return dropped.last();
  }

  private void dropThrough(long sequence) throws IOException {
    for (Extent extent : index.extents()) {
      if (extent.last() <= sequence) {
        index.drop(extent.segment());
        disk.delete(extent.segment());
      }
    }
  }

  /// Signs the head on disk, where records came after the last one that it vouches for.
  void writeHead() throws IOException {
    if (headOnDisk != last) {
      disk.replace(ChainReader.HEAD, keys.sign(last, lastHash).toByteArray());
      headOnDisk = last;
    }
  }

  Ledger.Tip tip() {
    return new Ledger.Tip(last, lastHash);
  }

  boolean isUncertain() {
    return writer.isUncertain();
  }
}
