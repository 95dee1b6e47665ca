import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/// A `ringfence.v1.GenerationRequest` as a router sends it for a first attempt, in protobuf's wire format, with gRPC's five bytes before
/// it. Field numbers are those of `generation.proto` and `content.proto`.
final class NodeRequest {
  private static final String UNKNOWN_ID = "load-0123456789abcdef";
  private static final int PREFIX = 5;
  /// After the message's prefix, the id's tag and its length.
  private static final int ID_AT = PREFIX + 2;
  private static final int ZONE_SITE = 2;

  private final byte[] bytes;
  private final SplittableRandom ids = new SplittableRandom();

  NodeRequest(String model, String prompt, int tokens) {
    byte[] label = joined(number(1, ZONE_SITE), field(2, "key-ceiling"));
    byte[] message = joined(field(1, "user"), field(2, field(1, prompt)));
    byte[] request =
        joined(
            field(1, UNKNOWN_ID),
            number(2, 1), // attempt
            field(3, model),
            field(5, label),
            field(6, field(1, field(1, message))), // prompt, chat, messages
            field(7, number(9, 4711)), // sampling, seed
            field(8, number(2, tokens)), // stop, max_tokens
            field(9, ""), // output
            field(10, "")); // choices: the one that starts with nothing
    bytes = joined(prefix(request.length), request);
  }

  int length() {
    return bytes.length;
  }

  /// With an id that no request had before; overwritten by the next.
  byte[] next() {
    long id = ids.nextLong();
    int last = ID_AT + UNKNOWN_ID.length() - 1;
    for (int i = 0; i < Long.SIZE / 4; i++) {
      bytes[last - i] = (byte) Character.forDigit((int) (id >>> (4 * i)) & 15, 16);
    }
    return bytes;
  }

  private static byte[] prefix(int length) {
    return new byte[] {0, (byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length};
  }

  private static byte[] field(int number, String text) {
    return field(number, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] field(int number, byte[] content) {
    return joined(varint(number << 3 | 2), varint(content.length), content);
  }

  private static byte[] number(int number, int value) {
    return joined(varint(number << 3), varint(value));
  }

  private static byte[] varint(int value) {
    var out = new ByteArrayOutputStream();
    int left = value;
    for (; left > 0x7f; left >>>= 7) {
      out.write(left & 0x7f | 0x80);
    }
    out.write(left);
    return out.toByteArray();
  }

  private static byte[] joined(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
