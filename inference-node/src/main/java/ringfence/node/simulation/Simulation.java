package ringfence.node.simulation;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import ringfence.node.engine.Pace;

/// The node that is asked for with `--simulate`.
///
/// @param firstToken from a prompt's first step to the answer's first token
/// @param eachToken from one token to the next while nothing else runs
/// @param eachTokenFull the same with all slots taken
/// @param promptTokensPerSecond prompts wait for each other at this speed, before `firstToken`
///   begins; 0: they don't
/// @param slots sequences at once; empty: as the node's settings say
/// @param contextLength tokens of one sequence
/// @param kvTokens of the KV cache; empty: what all slots can use
/// @param answerTokens after which an answer ends by itself
/// @param model the model's name
public record Simulation(
    Duration firstToken,
    Duration eachToken,
    Duration eachTokenFull,
    double promptTokensPerSecond,
    OptionalInt slots,
    int contextLength,
    OptionalInt kvTokens,
    int answerTokens,
    String model) {
  private static final List<String> KEYS =
      List.of("ttft", "tpot", "tpot-full", "prefill", "slots", "context", "kv", "answer", "model");
  private static final Pattern TIME = Pattern.compile("(\\d{1,9})(us|ms|s)");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final int MOST_SLOTS = 4096;

  /// Reads `key=value,...`, of which `ttft` and `tpot` are needed.
  ///
  /// @throws IllegalArgumentException naming the key at fault and what it may be
  public static Simulation parse(String text) {
    Map<String, String> values = new HashMap<>();
    for (String part : text.strip().split(",", -1)) {
      int equals = part.indexOf('=');
      String key = (equals < 0 ? part : part.substring(0, equals)).strip();
      if (equals < 0 || !KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "'" + part + "' is not KEY=VALUE with a key of " + String.join(", ", KEYS));
      }
      if (values.putIfAbsent(key, part.substring(equals + 1).strip()) != null) {
        throw new IllegalArgumentException(key + " stands there twice");
      }
    }
    Duration each = time(values, "tpot", null);
    if (each.isZero()) {
      throw new IllegalArgumentException("tpot is at least 1us");
    }
    Duration full = time(values, "tpot-full", each);
    if (full.compareTo(each) < 0) {
      throw new IllegalArgumentException("tpot-full is at least tpot");
    }
    String model = values.getOrDefault("model", "simulated");
    if (!NAME.matcher(model).matches()) {
      throw new IllegalArgumentException("model is 1 to 64 characters of A-Z a-z 0-9 . _ -");
    }
    return new Simulation(
        time(values, "ttft", null),
        each,
        full,
        number(values, "prefill", 1, 100_000_000).orElse(0),
        number(values, "slots", 1, MOST_SLOTS),
        number(values, "context", 16, 1 << 20).orElse(8192),
        number(values, "kv", 64, 1 << 28),
        number(values, "answer", 1, 1 << 20).orElse(256),
        model);
  }

  private static Duration time(Map<String, String> values, String key, @Nullable Duration missing) {
    String value = values.get(key);
    if (value == null && missing != null) {
      return missing;
    }
    Matcher time = TIME.matcher(value == null ? "" : value.toLowerCase(Locale.ROOT));
    if (!time.matches()) {
      throw new IllegalArgumentException(
          key
              + (value == null ? " is needed: " : " is '" + value + "'; it should be ")
              + "a time such as 300ms, 20us or 2s");
    }
    long count = Long.parseLong(time.group(1));
    Duration duration =
        switch (time.group(2)) {
          case "us" -> Duration.ofNanos(1000 * count);
          case "ms" -> Duration.ofMillis(count);
          default -> Duration.ofSeconds(count);
        };
    if (duration.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(key + " is at most an hour");
    }
    return duration;
  }

  private static OptionalInt number(Map<String, String> values, String key, int low, int high) {
    String value = values.get(key);
    if (value == null) {
      return OptionalInt.empty();
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= low && number <= high) {
        return OptionalInt.of(number);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        key + " is '" + value + "'; it should be a number from " + low + " to " + high);
  }

  /// Its speed.
  ///
  /// @param maxSequences with which it is slowest
  public Pace pace(int maxSequences) {
    return new Pace(
        firstToken.toNanos(),
        promptTokensPerSecond,
        eachToken.toNanos(),
        eachTokenFull.toNanos(),
        maxSequences);
  }

  /// What stands for the SHA-256 of a model's file: equal where equal prompts and seeds give equal
  /// answers, whatever the timing.
  public String digest() {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256")
                  .digest(
                      ("simulated v1 " + model + " " + answerTokens)
                          .getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
