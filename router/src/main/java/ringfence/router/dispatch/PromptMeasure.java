package ringfence.router.dispatch;

import com.google.protobuf.ByteString;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.RouteRequest;

/// What placement may know of a prompt: its size and a hash of its beginning.
///
/// @param bytes on the wire
/// @param tokens estimate
/// @param leastTokens what it surely has
/// @param prefixKey of tenant, model and the prompt's beginning
record PromptMeasure(int bytes, int tokens, int leastTokens, long prefixKey) {
  /// A token of English text or code has about four bytes; what is estimated too high or too low
  /// here shifts all targets alike.
  private static final int USUAL_BYTES_PER_TOKEN = 4;

  /// The longest tokens of known vocabularies (runs of spaces) have 128 bytes.
  private static final int MOST_BYTES_PER_TOKEN = 128;

  private static final int PREFIX_BYTES = 1_024;
  private static final int PREFIX_TOKENS = 256;

  static PromptMeasure of(RouteRequest request) {
    int bytes = request.getPrompt().getSerializedSize();
    Hash hash = new Hash();
    hash.add(request.getTenantBytes());
    hash.add(request.getModelBytes());
    return switch (request.getPrompt().getInputCase()) {
      case TOKEN_IDS -> {
        var ids = request.getPrompt().getTokenIds();
        for (int i = 0; i < Math.min(PREFIX_TOKENS, ids.getIdsCount()); i++) {
          hash.add(ids.getIds(i));
        }
        yield new PromptMeasure(bytes, ids.getIdsCount(), ids.getIdsCount(), hash.value());
      }
      case TEXT -> {
        hash.add(request.getPrompt().getTextBytes());
        yield ofBytes(bytes, hash);
      }
      case CHAT -> {
        for (ChatMessage message : request.getPrompt().getChat().getMessagesList()) {
          hash.add(message.getRoleBytes());
          for (ContentPart part : message.getPartsList()) {
            hash.add(part.getTextBytes());
          }
          if (hash.isFull()) {
            break;
          }
        }
        yield ofBytes(bytes, hash);
      }
      case INPUT_NOT_SET -> ofBytes(bytes, hash);
    };
  }

  private static PromptMeasure ofBytes(int bytes, Hash hash) {
    return new PromptMeasure(
        bytes, bytes / USUAL_BYTES_PER_TOKEN + 1, bytes / 2 / MOST_BYTES_PER_TOKEN, hash.value());
  }

  /// FNV-1a, 64 bits, over at most the beginning.
  private static final class Hash {
    private long value = 0xcbf29ce484222325L;
    private int left = PREFIX_BYTES;

    void add(ByteString bytes) {
      int count = Math.min(left, bytes.size());
      for (int i = 0; i < count; i++) {
        mix(bytes.byteAt(i));
      }
      mix(0xff);
      left -= count;
    }

    void add(int token) {
      mix(token & 0xff);
      mix(token >>> 8 & 0xff);
      mix(token >>> 16 & 0xff);
      mix(token >>> 24);
    }

    private void mix(int octet) {
      value = (value ^ (octet & 0xff)) * 0x100000001b3L;
    }

    boolean isFull() {
      return left <= 0;
    }

    long value() {
      return value;
    }
  }
}
