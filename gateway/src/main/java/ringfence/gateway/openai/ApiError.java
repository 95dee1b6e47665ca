package ringfence.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// The gateway's one exception: an answer that is an error, in OpenAI's body
/// `{"error":{"message","type","param","code"}}` with its HTTP status. The message holds no prompt
/// and no answer.
public final class ApiError extends RuntimeException {
  private static final String INVALID_REQUEST = "invalid_request_error";

  private final int status;
  private final String type;
  private final @Nullable String parameter;
  private final @Nullable String code;
  private final long retryAfterMillis;

  private ApiError(
      int status,
      String type,
      @Nullable String parameter,
      @Nullable String code,
      String message,
      long retryAfterMillis) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.parameter = parameter;
    this.code = code;
    this.retryAfterMillis = retryAfterMillis;
  }

  /// The request is at fault; `parameter` is the field in OpenAI's naming.
  public static ApiError invalid(
      @Nullable String parameter, @Nullable String code, String message) {
    return new ApiError(400, INVALID_REQUEST, parameter, code, message, 0);
  }

  /// A parameter that OpenAI has and Ringfence does not.
  public static ApiError unsupportedParameter(String parameter, String why) {
    return invalid(
        parameter, "unsupported_parameter", "Unsupported parameter: '" + parameter + "'. " + why);
  }

  /// A value that OpenAI takes and Ringfence does not.
  public static ApiError unsupportedValue(String parameter, String why) {
    return invalid(
        parameter, "unsupported_value", "Unsupported value: '" + parameter + "'. " + why);
  }

  /// The request is at fault, with a status of its own (401, 403, 404, 405, 408, 413, 415).
  public static ApiError refused(
      int status, @Nullable String parameter, String code, String message) {
    String type =
        switch (status) {
          case 401 -> "authentication_error";
          case 403 -> "permission_error";
          default -> INVALID_REQUEST;
        };
    return new ApiError(status, type, parameter, code, message, 0);
  }

  /// Not now: 503 with `Retry-After`.
  public static ApiError busy(String code, String message, long retryAfterMillis) {
    return new ApiError(503, "server_error", null, code, message, Math.max(1, retryAfterMillis));
  }

  /// The caller has used up what it may use: 429, with `Retry-After` where it is known when more
  /// may be used.
  ///
  /// @param retryAfterMillis 0 is unknown
  public static ApiError exhausted(
      String type, String code, String message, long retryAfterMillis) {
    return new ApiError(429, type, null, code, message, retryAfterMillis);
  }

  /// The service is at fault.
  public static ApiError failed(int status, String code, String message) {
    return new ApiError(status, "server_error", null, code, message, 0);
  }

  /// HTTP status, 400 to 599.
  public int status() {
    return status;
  }

  /// The offending field, or null.
  public @Nullable String parameter() {
    return parameter;
  }

  /// OpenAI's machine-readable code, or null.
  public @Nullable String code() {
    return code;
  }

  /// The value of `Retry-After` in whole seconds, at least 1; 0 is none.
  public long retryAfterSeconds() {
    return (retryAfterMillis + 999) / 1000;
  }

  /// The JSON body, UTF-8.
  public byte[] body() {
    var out = new ByteArrayOutputStream(256);
    try (JsonGenerator json = Json.FACTORY.createGenerator(out)) {
      json.writeStartObject();
      json.writeObjectFieldStart("error");
      json.writeStringField("message", getMessage());
      json.writeStringField("type", type);
      json.writeStringField("param", parameter);
      json.writeStringField("code", code);
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
