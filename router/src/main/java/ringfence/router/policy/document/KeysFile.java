package ringfence.router.policy.document;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.PolicyReader.Source;
import ringfence.router.routing.Zone;

/// The keys that the command line makes: a file beside the policy file, replaced as a whole, so
/// that a router never reads half of it. Whoever edits it holds a lock.
public final class KeysFile {
  /// What every key begins with.
  public static final String KEY_PREFIX = "rf-";

  private static final int KEY_BYTES = 32;

  private final Path policy;
  private final Path keys;

  /// @param policy the policy file
  public KeysFile(Path policy) {
    this.policy = policy;
    this.keys = beside(policy);
  }

  /// `policy.yaml`'s keys file is `policy.keys.yaml`.
  public static Path beside(Path policy) {
    String name = policy.getFileName().toString();
    int dot = name.lastIndexOf('.');
    return policy.resolveSibling((dot < 1 ? name : name.substring(0, dot)) + ".keys.yaml");
  }

  /// Where it lies.
  public Path path() {
    return keys;
  }

  /// All keys, those in the policy file included.
  public List<ApiKey> list() throws IOException, PolicyFileException {
    return read().keys();
  }

  /// Makes a key; its characters are returned and kept nowhere.
  ///
  /// @throws PolicyFileException when the policy does not allow such a key; nothing is changed then
  public String create(
      String id,
      String tenant,
      @Nullable Zone farthestZone,
      @Nullable Instant expires,
      boolean admin)
      throws IOException, PolicyFileException {
    byte[] random = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(random);
    String key = KEY_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    ApiKey made = new ApiKey(id, sha256(key), tenant, farthestZone, expires, admin, null);
    edit(own -> {
      List<ApiKey> more = new ArrayList<>(own);
      more.add(made);
      return more;
    });
    return key;
  }

  /// Has a key refused from now on. It stays in the list.
  public void revoke(String id, Instant now) throws IOException, PolicyFileException {
    edit(own -> {
      if (own.stream().noneMatch(key -> key.id().equals(id))) {
        throw new PolicyFileException(
            keys + " has no key '" + id + "'; keys in the policy file itself are edited there");
      }
      return own.stream().map(key -> key.id().equals(id) ? revoked(key, now) : key).toList();
    });
  }

  private static ApiKey revoked(ApiKey key, Instant now) {
    return key.revoked() != null
        ? key
        : new ApiKey(
            key.id(),
            key.sha256(),
            key.tenant(),
            key.farthestZone(),
            key.expires(),
            key.admin(),
            now);
  }

  private interface Change {
    List<ApiKey> apply(List<ApiKey> own) throws PolicyFileException;
  }

  private void edit(Change change) throws IOException, PolicyFileException {
    // A file's lock is a process': threads of this one wait for each other here.
    synchronized (KeysFile.class) {
      editLocked(change);
    }
  }

  private void editLocked(Change change) throws IOException, PolicyFileException {
    Path lock = keys.resolveSibling(keys.getFileName() + ".lock");
    try (FileChannel channel =
        FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      // Given back when the channel is closed.
      var _ = channel.lock();
      Source policySource = source(policy);
      List<ApiKey> inPolicy = PolicyReader.read(policySource, null, "").keys();
      List<ApiKey> own = new ArrayList<>(read().keys());
      own.removeAll(inPolicy);
      String text = text(change.apply(own));
      // What would not be read back is not written.
      var _ = PolicyReader.read(policySource, new Source(keys.toString(), text), "");
      replace(text);
    }
  }

  private PolicyDocument read() throws IOException, PolicyFileException {
    Source own;
    try {
      own = source(keys);
    } catch (NoSuchFileException none) {
      own = null;
    }
    return PolicyReader.read(source(policy), own, "");
  }

  private static Source source(Path file) throws IOException {
    return new Source(file.toString(), Files.readString(file));
  }

  private static String text(List<ApiKey> keys) {
    StringBuilder text = new StringBuilder("# Written by 'router keys'.\nkeys:");
    text.append(keys.isEmpty() ? " []\n" : "\n");
    for (ApiKey key : keys) {
      text.append("  - id: \"").append(key.id()).append("\"\n");
      text.append("    sha256: \"").append(key.sha256()).append("\"\n");
      text.append("    tenant: \"").append(key.tenant()).append("\"\n");
      Zone zone = key.farthestZone();
      if (zone != null) {
        text.append("    farthest-zone: ")
            .append(zone.name().toLowerCase(Locale.ROOT))
            .append('\n');
      }
      if (key.expires() != null) {
        text.append("    expires: ").append(key.expires()).append('\n');
      }
      if (key.admin()) {
        text.append("    admin: true\n");
      }
      if (key.revoked() != null) {
        text.append("    revoked: ").append(key.revoked()).append('\n');
      }
    }
    return text.toString();
  }

  private void replace(String text) throws IOException {
    Path folder = keys.toAbsolutePath().getParent();
    Path fresh = Files.createTempFile(folder, ".keys", ".tmp");
    try {
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        channel.force(true);
      }
      PosixFileAttributeView view = Files.getFileAttributeView(fresh, PosixFileAttributeView.class);
      if (view != null) {
        // Who may read the policy may read this.
        view.setPermissions(Files.getPosixFilePermissions(Files.exists(keys) ? keys : policy));
      }
      Files.move(fresh, keys, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /// A key's hash as the files have it.
  public static String sha256(String key) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
