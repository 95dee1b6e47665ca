package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import ringfence.router.disk.Disk;
import ringfence.router.ledger.ChainReader.Contents;
import ringfence.router.ledger.ChainReader.Kind;
import ringfence.router.ledger.ChainReader.Problem;

/// A record that somebody has noted, away from the ledger: its sequence and its hash. Whoever makes
/// another ledger with the same keys does not have it.
public record Noted(long sequence, ByteString hash) {

  /// Reads `SEQUENCE:HASH`, the hash as 64 hexadecimal digits.
  ///
  /// @throws IllegalArgumentException when it is not that
  public static Noted parse(String text) {
    int colon = text.indexOf(':');
    try {
      long sequence = Long.parseLong(text.substring(0, Math.max(0, colon)));
      byte[] hash = HexFormat.of().parseHex(text.substring(colon + 1));
      if (sequence > 0 && hash.length == 32) {
        return new Noted(sequence, ByteString.copyFrom(hash));
      }
    } catch (IllegalArgumentException notThat) {
      // Said below, with the whole text.
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not SEQUENCE:HASH with a hash of 64 hexadecimal digits");
  }

  /// Reads and checks a ledger that must still have it, unless retention may have dropped it.
  Contents check(Disk disk, PublicKey key) throws IOException {
    List<ByteString> found = new ArrayList<>();
    Contents contents =
        ChainReader.read(
            disk,
            key,
            (_, _, record, itsHash) -> {
              if (record.getSequence() == sequence) {
                found.add(itsHash);
              }
            });
    if (found.contains(hash) || sequence <= contents.droppedThrough()) {
      return contents;
    }
    return contents.and(
        new Problem(
            found.isEmpty() ? Kind.TRUNCATED : Kind.CHANGED,
            sequence,
            "record "
                + sequence
                + (found.isEmpty()
                    ? " is missing, and it was noted"
                    : " has another hash than was noted")));
  }
}
