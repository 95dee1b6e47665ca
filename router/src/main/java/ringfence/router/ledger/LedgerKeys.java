package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import ringfence.proto.v1.LedgerHead;
import ringfence.router.disk.Disk;

/// A ledger's keys: one that hashes what left, so that nobody can guess at contents by their
/// hashes, and a pair that signs the chain's head. Made at the first start, next to the chain.
public final class LedgerKeys {
  static final String HASH_KEY = "hash.key";
  static final String SIGNING_KEY = "sign.key";
  static final String PUBLIC_KEY = "sign.pub";

  private static final byte[] HEAD =
      "ringfence ledger head 1\n".getBytes(StandardCharsets.US_ASCII);
  private static final String HMAC = "HmacSHA256";
  private static final String ED25519 = "Ed25519";
  private static final int HASH_KEY_BYTES = 32;

  private final SecretKeySpec hashKey;
  private final PrivateKey signing;
  private final PublicKey verifying;

  private LedgerKeys(byte[] hashKey, PrivateKey signing, PublicKey verifying) {
    this.hashKey = new SecretKeySpec(hashKey, HMAC);
    this.signing = signing;
    this.verifying = verifying;
  }

  /// Reads a ledger's keys, or makes them where there is nothing yet.
  ///
  /// @throws LedgerDamagedException when there are records and no keys
  static LedgerKeys openOrMake(Disk disk, boolean recordsExist) throws IOException {
    List<String> names = disk.names();
    boolean whole = names.contains(HASH_KEY) && names.contains(SIGNING_KEY);
    if (!whole && recordsExist) {
      throw new LedgerDamagedException(
          "the ledger has records, but "
              + (names.contains(HASH_KEY) ? SIGNING_KEY : HASH_KEY)
              + " is missing beside them");
    }
    if (!names.contains(HASH_KEY)) {
      byte[] key = new byte[HASH_KEY_BYTES];
      new SecureRandom().nextBytes(key);
      disk.replace(HASH_KEY, key);
    }
    if (!names.contains(SIGNING_KEY)) {
      KeyPair pair = newPair();
      String both =
          pem("PRIVATE KEY", pair.getPrivate().getEncoded())
              + pem("PUBLIC KEY", pair.getPublic().getEncoded());
      disk.replace(SIGNING_KEY, both.getBytes(StandardCharsets.US_ASCII));
    }
    byte[] hashKey = whole(disk, HASH_KEY);
    if (hashKey.length != HASH_KEY_BYTES) {
      throw new LedgerDamagedException(HASH_KEY + " does not hold 32 bytes");
    }
    String both = new String(whole(disk, SIGNING_KEY), StandardCharsets.US_ASCII);
    PublicKey verifying = publicKey(both, SIGNING_KEY);
    byte[] published =
        pem("PUBLIC KEY", verifying.getEncoded()).getBytes(StandardCharsets.US_ASCII);
    if (!names.contains(PUBLIC_KEY) || !Arrays.equals(whole(disk, PUBLIC_KEY), published)) {
      disk.replace(PUBLIC_KEY, published);
    }
    return new LedgerKeys(hashKey, privateKey(both), verifying);
  }

  private static byte[] whole(Disk disk, String name) throws IOException {
    return disk.read(name, 0, 1 << 16);
  }

  private static KeyPair newPair() {
    try {
      return KeyPairGenerator.getInstance(ED25519).generateKeyPair();
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static String pem(String kind, byte[] encoded) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  private static byte[] block(String text, String kind, String file) throws LedgerDamagedException {
    String begin = "-----BEGIN " + kind + "-----";
    int from = text.indexOf(begin);
    int to = text.indexOf("-----END " + kind + "-----");
    if (from < 0 || to < from) {
      throw new LedgerDamagedException(file + " holds no PEM block '" + kind + "'");
    }
    try {
      return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
    } catch (IllegalArgumentException notBase64) {
      throw new LedgerDamagedException(file + " holds a broken PEM block '" + kind + "'");
    }
  }

  private static PrivateKey privateKey(String pem) throws LedgerDamagedException {
    try {
      return KeyFactory.getInstance(ED25519)
          .generatePrivate(new PKCS8EncodedKeySpec(block(pem, "PRIVATE KEY", SIGNING_KEY)));
    } catch (InvalidKeySpecException wrong) {
      throw new LedgerDamagedException(SIGNING_KEY + " holds no Ed25519 key");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /// A public key as `sign.pub` has it.
  ///
  /// @param file what to call it when it is wrong
  public static PublicKey publicKey(String pem, String file) throws LedgerDamagedException {
    try {
      return KeyFactory.getInstance(ED25519)
          .generatePublic(new X509EncodedKeySpec(block(pem, "PUBLIC KEY", file)));
    } catch (InvalidKeySpecException wrong) {
      throw new LedgerDamagedException(file + " holds no Ed25519 key");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /// The keyed hash of bytes that are about to leave.
  ByteString hash(ByteString bytes) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(hashKey);
      bytes.asReadOnlyByteBufferList().forEach(mac::update);
      return ByteString.copyFrom(mac.doFinal());
    } catch (NoSuchAlgorithmException | InvalidKeyException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /// A head, signed.
  LedgerHead sign(long sequence, ByteString hash) {
    try {
      Signature signature = Signature.getInstance(ED25519);
      signature.initSign(signing);
      signature.update(signed(sequence, hash));
      return LedgerHead.newBuilder()
          .setSequence(sequence)
          .setHash(hash)
          .setSignature(ByteString.copyFrom(signature.sign()))
          .build();
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /// Whether the holder of the key signed this head.
  public static boolean verifies(PublicKey key, LedgerHead head) {
    try {
      Signature signature = Signature.getInstance(ED25519);
      signature.initVerify(key);
      signature.update(signed(head.getSequence(), head.getHash()));
      return signature.verify(head.getSignature().toByteArray());
    } catch (SignatureException malformed) {
      return false;
    } catch (GeneralSecurityException wrongKind) {
      throw new IllegalStateException(wrongKind);
    }
  }

  private static byte[] signed(long sequence, ByteString hash) {
    return ByteBuffer.allocate(HEAD.length + Long.BYTES + hash.size())
        .put(HEAD)
        .putLong(sequence)
        .put(hash.asReadOnlyByteBuffer())
        .array();
  }

  /// What verifies this ledger's heads.
  PublicKey verifying() {
    return verifying;
  }

  /// What the first record has in the place of the hash before it.
  static ByteString origin(PublicKey verifying) {
    return sha256(ByteString.copyFrom(verifying.getEncoded()));
  }

  /// A record's hash.
  static ByteString sha256(ByteString bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      bytes.asReadOnlyByteBufferList().forEach(digest::update);
      return ByteString.copyFrom(digest.digest());
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
