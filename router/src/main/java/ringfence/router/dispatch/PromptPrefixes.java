package ringfence.router.dispatch;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.RouteRequest;

/// Keyed hashes of a prompt's first 256, 512, 1024, ... bytes. The key is this router's secret
/// mixed with the tenant: nobody learns from where a prompt went whether another tenant has sent
/// the same one.
final class PromptPrefixes {
  private static final int FIRST_BYTES = 256;
  private static final int MOST = 8;

  /// Bytes that are looked at: 32 KiB.
  static final int MOST_BYTES = FIRST_BYTES << (MOST - 1);

  private static final int USUAL_BYTES_PER_TOKEN = 4;

  private final long[] hashes = new long[MOST];
  private final int bytesPerToken;
  private int count;
  private int shortBytes;

  private PromptPrefixes(int bytesPerToken) {
    this.bytesPerToken = bytesPerToken;
  }

  static PromptPrefixes of(RouteRequest request, long secret0, long secret1) {
    SipHash hash = new SipHash(secret0, secret1);
    hash.add(request.getTenantBytes());
    hash.add(request.getModelBytes());
    var prompt = request.getPrompt();
    PromptPrefixes prefixes =
        new PromptPrefixes(prompt.hasTokenIds() ? Integer.BYTES : USUAL_BYTES_PER_TOKEN);
    Walk walk = prefixes.new Walk(hash);
    switch (prompt.getInputCase()) {
      case TOKEN_IDS -> {
        var ids = prompt.getTokenIds();
        for (int i = 0; i < ids.getIdsCount() && walk.wantsMore(); i++) {
          walk.token(ids.getIds(i));
        }
      }
      case TEXT -> walk.text(prompt.getTextBytes());
      case CHAT -> {
        for (ChatMessage message : prompt.getChat().getMessagesList()) {
          if (!walk.wantsMore()) {
            break;
          }
          walk.text(message.getRoleBytes());
          for (ContentPart part : message.getPartsList()) {
            walk.text(part.getTextBytes());
          }
        }
      }
      case INPUT_NOT_SET -> {}
    }
    if (prefixes.count == 0) {
      // A prompt that is shorter than the first boundary: all of it.
      prefixes.hashes[0] = hash.value();
      prefixes.count = walk.seen == 0 ? 0 : 1;
      prefixes.shortBytes = walk.seen;
    }
    return prefixes;
  }

  /// Beginnings, each twice as long as the one before.
  int count() {
    return count;
  }

  long hash(int index) {
    return hashes[index];
  }

  /// Tokens of a beginning, as an estimate.
  int tokens(int index) {
    int bytes = shortBytes > 0 ? shortBytes : FIRST_BYTES << index;
    return Math.max(1, bytes / bytesPerToken);
  }

  /// What decides between targets that are alike.
  long affinity() {
    return count == 0 ? 0 : hashes[0];
  }

  private final class Walk {
    private final SipHash hash;
    private int seen;
    private int boundary = FIRST_BYTES;

    Walk(SipHash hash) {
      this.hash = hash;
    }

    boolean wantsMore() {
      return count < MOST;
    }

    void text(ByteString bytes) {
      int size = bytes.size();
      ByteBuffer little = SipHash.little(bytes);
      for (int from = 0; from < size && wantsMore(); ) {
        int portion = Math.min(size - from, boundary - seen);
        hash.add(little, from, portion);
        from += portion;
        saw(portion);
      }
      hash.add(0xff);
    }

    void token(int id) {
      octet(id);
      octet(id >>> 8);
      octet(id >>> 16);
      octet(id >>> 24);
    }

    private void octet(int octet) {
      hash.add(octet);
      saw(1);
    }

    /// No more at once than up to the next boundary.
    private void saw(int octets) {
      seen += octets;
      if (seen == boundary) {
        hashes[count++] = hash.value();
        boundary *= 2;
      }
    }
  }
}
