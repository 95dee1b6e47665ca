package ringfence.router.policy;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.ApiKey;

/// Finds a key by its hash in a time that tells nothing of the hashes: they are looked up by a
/// digest that is keyed with this process' own secret, and what is found is compared in full.
final class Keyring {
  private static final byte[] SECRET = new byte[32];

  static {
    new SecureRandom().nextBytes(SECRET);
  }

  private record Held(byte[] sha256, ApiKey key) {}

  private final Map<ByteBuffer, Held> held = new HashMap<>();
  private final Map<String, ApiKey> byId = new HashMap<>();

  Keyring(List<ApiKey> keys) {
    for (ApiKey key : keys) {
      byte[] sha256 = HexFormat.of().parseHex(key.sha256());
      held.put(blinded(sha256), new Held(sha256, key));
      byId.put(key.id(), key);
    }
  }

  /// The key of these characters, whatever has become of it; null: there is none.
  @Nullable ApiKey find(ByteString characters) {
    MessageDigest digest = sha256();
    digest.update(characters.asReadOnlyByteBuffer());
    byte[] presented = digest.digest();
    Held found = held.get(blinded(presented));
    return found != null && MessageDigest.isEqual(found.sha256, presented) ? found.key : null;
  }

  @Nullable ApiKey byId(String id) {
    return byId.get(id);
  }

  private static ByteBuffer blinded(byte[] sha256) {
    MessageDigest digest = sha256();
    digest.update(SECRET);
    digest.update(sha256);
    return ByteBuffer.wrap(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
