package ringfence.gateway.access;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Zone;

/// Takes the key from a request and hands it on; only the router knows which keys there are.
public final class Keys {
  private static final String BEARER = "bearer ";
  private static final int MAX_KEY_LENGTH = 1024;
  private static final int MAX_SOURCE_LENGTH = 64;

  private final boolean required;
  private final Caller anyone;

  /// @param required nobody without a key gets past
  public Keys(boolean required, Zone ceiling) {
    this.required = required;
    this.anyone = new Caller(Credentials.newBuilder().setKeyRequired(required).build(), ceiling);
  }

  /// Whether a key is needed at all.
  public boolean required() {
    return required;
  }

  /// The caller of what needs no key.
  public Caller anyone() {
    return anyone;
  }

  /// Who sends this `Authorization` header; throws [ApiError] with status 401.
  ///
  /// @param source the client's address
  public Caller caller(@Nullable String authorization, String source) {
    Credentials.Builder credentials = anyone.credentials().toBuilder();
    if (source.length() <= MAX_SOURCE_LENGTH) {
      credentials.setSource(source);
    }
    String key = key(authorization);
    if (key != null) {
      credentials.setApiKey(ByteString.copyFromUtf8(key));
    } else if (required) {
      throw ApiError.refused(
          401,
          null,
          "invalid_api_key",
          "You didn't provide an API key: send the header 'Authorization: Bearer KEY'.");
    }
    return new Caller(credentials.build(), anyone.ceiling());
  }

  private static @Nullable String key(@Nullable String authorization) {
    if (authorization == null
        || authorization.length() > MAX_KEY_LENGTH
        || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return null;
    }
    String key = authorization.substring(BEARER.length()).strip();
    return key.isEmpty() ? null : key;
  }
}
