package ringfence.router.policy.detector;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// JSON web tokens: three parts, of which the first says which algorithm signed it.
final class JwtDetector implements TextDetector {
  private static final int MAX_HEADER = 4_096;

  @Override
  public String name() {
    return "jwt";
  }

  @Override
  public char needs() {
    return '.';
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int at = value.indexOf("eyJ"); at >= 0; at = value.indexOf("eyJ", at + 1)) {
      int header = part(value, at);
      if (header - at > 12
          && header - at < MAX_HEADER
          && text.at(header) == '.'
          && namesAnAlgorithm(value.substring(at, header))) {
        int payload = part(value, header + 1);
        if (payload - header > 8 && text.at(payload) == '.') {
          return true;
        }
      }
    }
    return false;
  }

  private static int part(String value, int from) {
    int end = from;
    while (end < value.length() && TokenShape.Alphabet.URL_SAFE.has(value.charAt(end))) {
      end++;
    }
    return end;
  }

  private static boolean namesAnAlgorithm(String header) {
    try {
      String json = new String(Base64.getUrlDecoder().decode(header), StandardCharsets.ISO_8859_1);
      return json.startsWith("{") && (json.contains("\"alg\"") || json.contains("\"enc\""));
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
  }
}
