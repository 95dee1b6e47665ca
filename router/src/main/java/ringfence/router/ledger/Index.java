package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the records of a request lie: 12 bytes of memory for each record. Also what retention has
/// to know of each segment. Safe for use by many threads.
final class Index {

  /// A place in a segment.
  record Place(String segment, int offset) {}

  /// What a segment holds.
  record Extent(String segment, long records, long last, ByteString lastHash, long lastMillis) {}

  private final ArrayDeque<Part> parts = new ArrayDeque<>();

  /// Adds a record; checkpoints have no request.
  synchronized void add(
      String segment,
      int offset,
      @Nullable String requestId,
      long sequence,
      ByteString hash,
      long timeMillis) {
    Part part = parts.peekLast();
    if (part == null || !part.segment.equals(segment)) {
      part = new Part(segment);
      parts.addLast(part);
    }
    part.add(offset, requestId == null ? 0 : fingerprint(requestId));
    part.last = sequence;
    part.lastHash = hash;
    part.lastMillis = timeMillis;
  }

  /// Places where records of that request may lie, the oldest first.
  synchronized List<Place> places(String requestId, int most) {
    long wanted = fingerprint(requestId);
    List<Place> places = new ArrayList<>();
    Iterator<Part> each = parts.iterator();
    while (each.hasNext() && places.size() < most) {
      Part part = each.next();
      for (int i = 0; i < part.count && places.size() < most; i++) {
        if (part.fingerprints[i] == wanted) {
          places.add(new Place(part.segment, part.offsets[i]));
        }
      }
    }
    return places;
  }

  /// Records in all segments.
  synchronized long records() {
    return parts.stream().mapToLong(part -> part.count).sum();
  }

  /// The segments with records, the oldest first.
  synchronized List<Extent> extents() {
    return parts.stream()
        .map(
            part -> new Extent(part.segment, part.count, part.last, part.lastHash, part.lastMillis))
        .toList();
  }

  /// Forgets a segment.
  synchronized void drop(String segment) {
    parts.removeIf(part -> part.segment.equals(segment));
  }

  /// 64-bit FNV-1a: a collision costs one needless read.
  private static long fingerprint(String requestId) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : requestId.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return hash;
  }

  private static final class Part {
    final String segment;
    long[] fingerprints = new long[64];
    int[] offsets = new int[64];
    int count;
    long last;
    ByteString lastHash = ByteString.EMPTY;
    long lastMillis;

    Part(String segment) {
      this.segment = segment;
    }

    void add(int offset, long fingerprint) {
      if (count == offsets.length) {
        offsets = Arrays.copyOf(offsets, 2 * count);
        fingerprints = Arrays.copyOf(fingerprints, 2 * count);
      }
      offsets[count] = offset;
      fingerprints[count] = fingerprint;
      count++;
    }
  }
}
