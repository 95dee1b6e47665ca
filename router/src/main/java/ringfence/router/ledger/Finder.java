package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.Disk;
import ringfence.router.disk.Frames;
import ringfence.router.ledger.Ledger.Found;

/// Reads single records back from where the index says that they lie. Safe for use by many threads.
final class Finder {
  private static final int MAX_RECORDS_OF_REQUEST = 1_000;

  private final Disk disk;
  private final Index index;

  Finder(Disk disk, Index index) {
    this.disk = disk;
    this.index = index;
  }

  /// As [Ledger#find] does.
  List<Found> find(String requestId, String tenant) throws IOException {
    List<Found> found = new ArrayList<>();
    for (Index.Place place : index.places(requestId, MAX_RECORDS_OF_REQUEST)) {
      ByteString stored = read(place);
      LedgerRecord record;
      try {
        record = LedgerRecord.parseFrom(stored);
      } catch (InvalidProtocolBufferException garbled) {
        throw noRecord(place);
      }
      // Places are found by a hash of the request's id: another one may have the same.
      if (record.getDeparture().getRequestId().equals(requestId)
          && record.getDeparture().getTenant().equals(tenant)) {
        found.add(new Found(stored, record, LedgerKeys.sha256(stored)));
      }
    }
    return found;
  }

  private ByteString read(Index.Place place) throws IOException {
    byte[] size = disk.read(place.segment(), place.offset(), Integer.BYTES);
    int length =
        size.length < Integer.BYTES
            ? 0
            : ByteBuffer.wrap(size).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (length < 1 || length > Frames.MAX_RECORD_BYTES) {
      throw noRecord(place);
    }
    return ByteString.copyFrom(disk.read(place.segment(), place.offset() + Integer.BYTES, length));
  }

  private static LedgerDamagedException noRecord(Index.Place place) {
    return new LedgerDamagedException(
        place.segment() + ", byte " + place.offset() + ": what stands here is no record");
  }
}
