package ringfence.gateway.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Zones;
import ringfence.proto.v1.Zone;

/// The keys that may call. A file has one key a line: the key's SHA-256 in hexadecimal, then
/// optionally a tenant's name (letters, digits, `_`, `-`, `.`; at most 64) and the farthest zone;
/// `#` begins a comment. `printf %s "$KEY" | sha256sum` makes a line.
public final class ApiKeys {
  /// More would be a database's work: a check looks at each.
  public static final int MAX_KEYS = 10_000;

  private static final String BEARER = "bearer ";
  private static final int MAX_KEY_LENGTH = 1024;
  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
  private static final Set<String> ZONES = Set.of("device", "site", "datacenter", "external");

  private record Key(byte[] sha256, Caller caller) {}

  private final List<Key> keys;
  private final Caller anyone;

  private ApiKeys(List<Key> keys, Caller anyone) {
    this.keys = keys;
    this.anyone = anyone;
  }

  /// A setup without keys: everybody is the same caller.
  public static ApiKeys none(Zone ceiling) {
    return new ApiKeys(List.of(), new Caller("", ceiling));
  }

  /// Reads a file; throws [IllegalArgumentException] that names the line, never its content.
  public static ApiKeys read(Path file, Zone ceiling) throws IOException {
    var keys = new ArrayList<Key>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      String text = line.indexOf('#') < 0 ? line : line.substring(0, line.indexOf('#'));
      if (!text.isBlank()) {
        keys.add(parse(text.strip().split("\\s+"), ceiling, "line " + number));
      }
      if (keys.size() > MAX_KEYS) {
        throw new IllegalArgumentException("more than " + MAX_KEYS + " keys");
      }
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("no key in it");
    }
    return new ApiKeys(List.copyOf(keys), new Caller("", ceiling));
  }

  private static Key parse(String[] words, Zone ceiling, String where) {
    if (words.length > 3) {
      throw new IllegalArgumentException(where + ": expected a SHA-256, a tenant and a zone");
    }
    byte[] sha256;
    try {
      sha256 = HexFormat.of().parseHex(words[0]);
    } catch (IllegalArgumentException e) {
      sha256 = new byte[0];
    }
    if (sha256.length != 32) {
      throw new IllegalArgumentException(
          where + ": expected the key's SHA-256, 64 hexadecimal digits, not the key itself");
    }
    String tenant = words.length > 1 ? words[1] : "";
    if (words.length > 1 && !TENANT.matcher(tenant).matches()) {
      throw new IllegalArgumentException(where + ": not a tenant's name");
    }
    if (words.length > 2 && !ZONES.contains(words[2])) {
      throw new IllegalArgumentException(
          where + ": the zone must be device, site, datacenter or external");
    }
    Zone own = words.length > 2 ? Zones.nearestUnlessNamed(words[2]) : ceiling;
    return new Key(sha256, new Caller(tenant, Zones.nearer(own, ceiling)));
  }

  /// Whether a key is needed at all.
  public boolean required() {
    return !keys.isEmpty();
  }

  /// The caller of what needs no key.
  public Caller anyone() {
    return anyone;
  }

  /// Who sends this `Authorization` header; throws [ApiError] with status 401.
  ///
  /// Each key's digest is compared in full, so that the time taken tells nothing about the keys.
  public Caller caller(@Nullable String authorization) {
    if (keys.isEmpty()) {
      return anyone;
    }
    if (authorization == null
        || authorization.length() > MAX_KEY_LENGTH
        || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      throw unauthenticated(
          "You didn't provide an API key: send the header 'Authorization: Bearer KEY'.");
    }
    byte[] given = sha256(authorization.substring(BEARER.length()).strip());
    Caller found = null;
    for (Key key : keys) {
      if (MessageDigest.isEqual(key.sha256(), given)) {
        found = key.caller();
      }
    }
    if (found == null) {
      throw unauthenticated("Incorrect API key provided.");
    }
    return found;
  }

  private static ApiError unauthenticated(String message) {
    return ApiError.refused(401, null, "invalid_api_key", message);
  }

  private static byte[] sha256(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
