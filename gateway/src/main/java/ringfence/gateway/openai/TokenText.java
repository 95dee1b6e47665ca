package ringfence.gateway.openai;

import com.google.protobuf.ByteString;

/// A token's bytes as a JSON string. A token may be part of a character; then each byte is written
/// as `\xNN`.
final class TokenText {
  private TokenText() {}

  /// As chat completions show it.
  static String chat(ByteString bytes) {
    return bytes.isValidUtf8() ? bytes.toStringUtf8() : escaped(bytes);
  }

  /// As plain completions show it.
  static String completion(ByteString bytes) {
    return bytes.isValidUtf8() ? bytes.toStringUtf8() : "bytes:" + escaped(bytes);
  }

  private static String escaped(ByteString bytes) {
    var text = new StringBuilder(bytes.size() * 4);
    for (int i = 0; i < bytes.size(); i++) {
      text.append("\\x")
          .append(Character.forDigit((bytes.byteAt(i) >> 4) & 15, 16))
          .append(Character.forDigit(bytes.byteAt(i) & 15, 16));
    }
    return text.toString();
  }
}
