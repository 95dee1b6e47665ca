package ringfence.router.dispatch;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// SipHash-2-4 (Aumasson and Bernstein, 2012), fed bytes in any portions; its value can be asked
/// for at any point and it can be fed on afterwards. Without the 128-bit key its values can neither
/// be foretold nor turned into what was hashed.
final class SipHash {
  private long v0;
  private long v1;
  private long v2;
  private long v3;
  private long word;
  private int length;

  SipHash(long key0, long key1) {
    v0 = key0 ^ 0x736f6d6570736575L;
    v1 = key1 ^ 0x646f72616e646f6dL;
    v2 = key0 ^ 0x6c7967656e657261L;
    v3 = key1 ^ 0x7465646279746573L;
  }

  private SipHash(SipHash other) {
    v0 = other.v0;
    v1 = other.v1;
    v2 = other.v2;
    v3 = other.v3;
    word = other.word;
    length = other.length;
  }

  /// All bytes, and then their end.
  void add(ByteString bytes) {
    add(little(bytes), 0, bytes.size());
    add(0xff);
  }

  /// Bytes as [#add(ByteBuffer, int, int)] takes them.
  static ByteBuffer little(ByteString bytes) {
    return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Some of the bytes, one after the other; a word at a time where words are not cut.
  ///
  /// @param bytes little-endian
  void add(ByteBuffer bytes, int from, int count) {
    int at = from;
    int end = from + count;
    while (at < end && (length & 7) != 0) {
      add(bytes.get(at++));
    }
    for (; end - at >= Long.BYTES; at += Long.BYTES) {
      compress(bytes.getLong(at));
      length += Long.BYTES;
    }
    while (at < end) {
      add(bytes.get(at++));
    }
  }

  /// The lowest eight bits.
  void add(int octet) {
    word |= (octet & 0xffL) << (8 * (length & 7));
    length++;
    if ((length & 7) == 0) {
      compress(word);
      word = 0;
    }
  }

  private void compress(long message) {
    v3 ^= message;
    round();
    round();
    v0 ^= message;
  }

  private void round() {
    v0 += v1;
    v1 = Long.rotateLeft(v1, 13) ^ v0;
    v0 = Long.rotateLeft(v0, 32);
    v2 += v3;
    v3 = Long.rotateLeft(v3, 16) ^ v2;
    v0 += v3;
    v3 = Long.rotateLeft(v3, 21) ^ v0;
    v2 += v1;
    v1 = Long.rotateLeft(v1, 17) ^ v2;
    v2 = Long.rotateLeft(v2, 32);
  }

  /// Of what was added so far.
  long value() {
    SipHash end = new SipHash(this);
    end.compress(word | ((long) length << 56));
    end.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) {
      end.round();
    }
    return end.v0 ^ end.v1 ^ end.v2 ^ end.v3;
  }
}
