package ringfence.router.policy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.KeysFile;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.PolicyFileException;
import ringfence.router.policy.document.PolicyReader;
import ringfence.router.policy.document.PolicyReader.Source;

/// The policy file and the keys file beside it, read again when they have changed.
public final class PolicySource {
  private static final long MAX_FILE_BYTES = 8 << 20;

  private final Path policy;
  private final Path keys;
  private String readVersion = "";

  /// @param policy the policy file; the keys that the command line makes lie beside it
  public PolicySource(Path policy) {
    this.policy = policy;
    this.keys = KeysFile.beside(policy);
  }

  /// Reads both files, whether they have changed or not.
  public PolicyDocument read() throws PolicyFileException, IOException {
    byte[] policyBytes = bytes(policy);
    byte[] keysBytes = keysBytes();
    readVersion = version(policyBytes, keysBytes);
    return PolicyReader.read(
        new Source(policy.toString(), text(policy, policyBytes)),
        keysBytes == null ? null : new Source(keys.toString(), text(keys, keysBytes)),
        readVersion);
  }

  /// Reads both files where they differ from what was read last, right or wrong; null: they do not.
  public @Nullable PolicyDocument readIfChanged() throws PolicyFileException, IOException {
    try {
      return version(bytes(policy), keysBytes()).equals(readVersion) ? null : read();
    } catch (IOException unreadable) {
      // Once it can be read again it counts as changed.
      readVersion = "";
      throw unreadable;
    }
  }

  private byte @Nullable [] keysBytes() throws IOException {
    try {
      return bytes(keys);
    } catch (NoSuchFileException none) {
      return null;
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " has more than " + MAX_FILE_BYTES + " bytes");
    }
    return Files.readAllBytes(file);
  }

  private static String text(Path file, byte[] bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException wrong) {
      throw new IOException(file + " is not UTF-8", wrong);
    }
  }

  private static String version(byte[] policy, byte @Nullable [] keys) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Integer.toString(policy.length).getBytes(StandardCharsets.US_ASCII));
      digest.update((byte) '\n');
      digest.update(policy);
      if (keys != null) {
        digest.update(keys);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
