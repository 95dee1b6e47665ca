package ringfence.router.policy.document;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.Upstream.Limits;
import ringfence.router.policy.document.Upstream.Model;
import ringfence.router.policy.document.Upstream.Price;
import ringfence.router.policy.document.Upstream.Secret;
import ringfence.router.policy.document.Upstream.Timeouts;
import ringfence.router.routing.Zone;

/// Reads the policy file's `upstreams`.
final class UpstreamReader {
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
  private static final Pattern MODEL = Pattern.compile("[^\\s\\p{Cntrl}]{1,256}");
  private static final Pattern TOKENS_FIELD = Pattern.compile("max_tokens|max_completion_tokens");
  private static final Duration MAX_TIMEOUT = Duration.ofHours(1);
  private static final int MAX_UPSTREAMS = 256;
  private static final int MAX_MODELS = 1_024;
  private static final int USUAL_IN_FLIGHT = 64;

  private UpstreamReader() {}

  static Map<String, Upstream> read(YamlValue list) throws PolicyFileException {
    Map<String, Upstream> upstreams = new LinkedHashMap<>();
    for (YamlValue value : list.list(MAX_UPSTREAMS)) {
      Upstream upstream = upstream(value);
      if (upstreams.put(upstream.name(), upstream) != null) {
        throw value.wrong("there are two upstreams named '" + upstream.name() + "'");
      }
    }
    return upstreams;
  }

  private static Upstream upstream(YamlValue value) throws PolicyFileException {
    YamlMap map = value.map();
    String name = map.get("name").matching(PolicyReader.NAME, PolicyReader.NAME_RULE);
    YamlValue zone = map.find("zone");
    Secret key = key(map);
    URI url = url(map.get("base-url"), key);
    Price price = price(map.find("price"), Price.FREE);
    Map<String, Model> models = models(map.get("models"), price);
    Limits limits = limits(map.find("limits"));
    Timeouts timeouts = timeouts(map.find("timeouts"));
    YamlValue field = map.find("max-tokens-field");
    map.end();
    return new Upstream(
        name,
        url,
        zone == null ? Zone.EXTERNAL : zone.oneOf(Zone.class),
        key,
        models,
        limits,
        timeouts,
        field != null
            && field
                .matching(TOKENS_FIELD, "max_tokens or max_completion_tokens")
                .equals("max_completion_tokens"));
  }

  private static Timeouts timeouts(@Nullable YamlValue value) throws PolicyFileException {
    if (value == null) {
      return Timeouts.USUAL;
    }
    YamlMap map = value.map();
    YamlValue connect = map.find("connect");
    YamlValue firstByte = map.find("first-byte");
    YamlValue between = map.find("between");
    map.end();
    return new Timeouts(
        timeout(connect, Timeouts.USUAL.connect()),
        timeout(firstByte, Timeouts.USUAL.firstByte()),
        timeout(between, Timeouts.USUAL.between()));
  }

  private static Duration timeout(@Nullable YamlValue value, Duration usual)
      throws PolicyFileException {
    return value == null ? usual : PolicyReader.duration(value, MAX_TIMEOUT);
  }

  private static URI url(YamlValue value, Secret key) throws PolicyFileException {
    String expected = "an address such as https://host/v1, without user, query and fragment";
    URI url = value.parsed(expected, URI::create);
    String scheme = url.getScheme() == null ? "" : url.getScheme();
    if (url.getHost() == null
        || !(scheme.equals("https") || scheme.equals("http"))
        || url.getRawUserInfo() != null
        || url.getRawQuery() != null
        || url.getRawFragment() != null) {
      throw value.wrong("expected " + expected);
    }
    boolean loopback = url.getHost().matches("localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");
    if (scheme.equals("http") && !loopback && !(key instanceof Secret.None)) {
      throw value.wrong("http would send the key in the clear; use https");
    }
    return url;
  }

  private static Secret key(YamlMap map) throws PolicyFileException {
    YamlValue file = map.find("key-file");
    YamlValue variable = map.find("key-environment");
    if (file != null && variable != null) {
      throw map.wrong("expected key-file or key-environment, not both");
    }
    if (file != null) {
      return new Secret.InFile(file.parsed("a file's path", Path::of));
    }
    if (variable != null) {
      return new Secret.InEnvironment(
          variable.matching(VARIABLE, "the name of an environment variable, not the key itself"));
    }
    return new Secret.None();
  }

  private static Map<String, Model> models(YamlValue value, Price usual)
      throws PolicyFileException {
    Map<String, Model> models = new LinkedHashMap<>();
    for (Map.Entry<String, YamlValue> entry : value.map().entries().entrySet()) {
      YamlValue model = entry.getValue();
      if (!MODEL.matcher(entry.getKey()).matches()) {
        throw model.wrong("expected a model's name of 1 to 256 characters without blanks");
      }
      YamlMap map = model.map();
      YamlValue name = map.find("upstream-name");
      int context = Math.toIntExact(map.get("context-length").integer(1, 1 << 30));
      Price price = price(map.find("price"), usual);
      map.end();
      models.put(
          entry.getKey(),
          new Model(
              name == null
                  ? entry.getKey()
                  : name.matching(MODEL, "a model's name of 1 to 256 characters without blanks"),
              context,
              price));
    }
    if (models.isEmpty() || models.size() > MAX_MODELS) {
      throw value.wrong("expected 1 to " + MAX_MODELS + " models");
    }
    return models;
  }

  private static Price price(@Nullable YamlValue value, Price usual) throws PolicyFileException {
    if (value == null) {
      return usual;
    }
    YamlMap map = value.map();
    long input = perMillion(map.get("input-per-million"));
    long output = perMillion(map.get("output-per-million"));
    map.end();
    return new Price(input, output);
  }

  private static long perMillion(YamlValue value) throws PolicyFileException {
    long nanosPerToken = PolicyReader.money(value, 3);
    if (nanosPerToken > 1_000_000_000) {
      throw value.wrong("expected a price of at most 1000000");
    }
    return nanosPerToken;
  }

  private static Limits limits(@Nullable YamlValue value) throws PolicyFileException {
    if (value == null) {
      return new Limits(USUAL_IN_FLIGHT, null);
    }
    YamlMap map = value.map();
    YamlValue inFlight = map.find("max-in-flight");
    YamlValue requests = map.find("requests-per-minute");
    YamlValue tokens = map.find("tokens-per-minute");
    map.end();
    return new Limits(
        inFlight == null ? USUAL_IN_FLIGHT : Math.toIntExact(inFlight.integer(1, 100_000)),
        perMinute(requests),
        perMinute(tokens));
  }

  private static @Nullable Integer perMinute(@Nullable YamlValue value) throws PolicyFileException {
    return value == null ? null : Integer.valueOf(Math.toIntExact(value.integer(1, 1_000_000_000)));
  }
}
