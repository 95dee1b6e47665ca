package ringfence.router.policy.detector;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/// Texts of which it is known what they hold, from a seed: every kind in its formats and spacings,
/// in sentences of several languages, in code, JSON and disguises; and texts that hold nothing,
/// many of which look as if they did.
final class Corpus {
  /// One text.
  ///
  /// @param kind what it holds; empty: nothing
  /// @param group what made it, for the table
  record Sample(String kind, String group, String text) {}

  private static final String UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final String LETTERS = UPPER + UPPER.toLowerCase(java.util.Locale.ROOT);
  private static final String WORD = LETTERS + "0123456789";
  private static final String URL_SAFE = WORD + "-_";
  private static final String HEX = "0123456789abcdef";

  private final Random random;
  private final Numbers numbers;
  private final Plain plain;

  Corpus(long seed) {
    random = new Random(seed);
    numbers = new Numbers(random);
    plain = new Plain(random);
  }

  /// Six texts in ten hold something.
  List<Sample> samples(int count) {
    List<Sample> samples = new ArrayList<>();
    Runnable[] kinds = kinds(samples);
    for (int i = 0; i < count; i++) {
      switch (i % 10) {
        case 0, 1, 2, 3, 4, 5 -> kinds[(i / 10 * 6 + i % 10) % kinds.length].run();
        case 6, 7, 8 -> samples.add(new Sample("", "plain", plain.text()));
        default -> samples.add(new Sample("", "look-alike", sentence(plain.lookAlike())));
      }
    }
    return samples;
  }

  private Runnable[] kinds(List<Sample> out) {
    return new Runnable[] {
      () -> out.add(number("payment-card", "card", card())),
      () -> out.add(number("payment-card", "card", card())),
      () -> out.add(number("iban", "iban", iban())),
      () -> out.add(number("iban", "iban", iban())),
      () -> out.add(number("national-id", "us-ssn", spaced(numbers.ssn()))),
      () -> out.add(number("national-id", "uk-nino", nino())),
      () -> out.add(named("national-id", "uk-nhs", "NHS number", groups(numbers.nhs(), 3, 3, 4))),
      () -> out.add(number("national-id", "de-tax-id", groups(numbers.germanTaxId(), 2, 3, 3, 3))),
      () ->
          out.add(
              number("national-id", "fr-nir", groups(numbers.frenchNir(), 1, 2, 2, 2, 3, 3, 2))),
      () -> out.add(number("national-id", "es-dni", dni())),
      () -> out.add(number("national-id", "it-cf", groups(numbers.italianCode(), 3, 3, 5, 5))),
      () -> out.add(named("national-id", "nl-bsn", "BSN", groups(numbers.bsn(), 3, 3, 3))),
      () -> out.add(number("national-id", "be-nrn", belgian())),
      () -> out.add(number("national-id", "pl-pesel", numbers.pesel())),
      () -> out.add(number("national-id", "se-pnr", Numbers.grouped(numbers.swedish(), "-", 6, 4))),
      () -> out.add(number("national-id", "no-fnr", groups(numbers.norwegian(), 6, 5))),
      () -> out.add(number("national-id", "dk-cpr", Numbers.grouped(numbers.danish(), "-", 6, 4))),
      () -> out.add(number("national-id", "fi-hetu", numbers.finnish())),
      () -> out.add(number("national-id", "ch-ahv", swiss())),
      () -> out.add(number("national-id", "tr-kimlik", numbers.turkish())),
      () -> out.add(named("national-id", "ca-sin", "SIN", groups(numbers.sin(), 3, 3, 3))),
      () -> out.add(number("national-id", "br-cpf", cpf())),
      () ->
          out.add(
              number(
                  "national-id", "in-aadhaar", Numbers.grouped(numbers.aadhaar(), " ", 4, 4, 4))),
      () -> out.add(number("national-id", "cn-rin", numbers.chinese())),
      () -> out.add(number("national-id", "kr-rrn", Numbers.grouped(numbers.korean(), "-", 6, 7))),
      () -> out.add(number("national-id", "za-id", numbers.southAfrican())),
      () -> out.add(named("national-id", "au-tfn", "TFN", groups(numbers.tfn(), 3, 3, 3))),
      () -> out.add(secret("cloud-key", "cloud-key", cloudKey())),
      () -> out.add(secret("cloud-key", "cloud-key", cloudKey())),
      () -> out.add(secret("api-key", "api-key", apiKey())),
      () -> out.add(secret("api-key", "api-key", apiKey())),
      () -> out.add(secret("api-key", "api-key", apiKey())),
      () -> out.add(secret("jwt", "jwt", jwt())),
      () -> out.add(secret("private-key", "private-key", privateKey())),
      () -> out.add(new Sample("password", "password", plain.around(password()))),
      () -> out.add(new Sample("password", "password", plain.around(password()))),
      () -> out.add(new Sample("email", "email", disguisedLightly(sentence(email())))),
      () -> out.add(new Sample("email", "email", disguisedLightly(sentence(email())))),
      () -> out.add(new Sample("phone", "phone", disguisedLightly(phone()))),
      () -> out.add(new Sample("phone", "phone", disguisedLightly(phone()))),
      () -> out.add(new Sample("internal-host", "internal-host", sentence(host()))),
    };
  }

  private Sample number(String kind, String group, String written) {
    return new Sample(kind, group, disguised(sentence(written)));
  }

  private Sample named(String kind, String group, String name, String written) {
    return new Sample(
        kind,
        group,
        disguised(
            plain.around(
                numbers.pick(
                    name + ": " + written,
                    name + " " + written,
                    "my " + name + " is " + written,
                    "{\"" + name.toLowerCase(java.util.Locale.ROOT) + "\": \"" + written + "\"}",
                    written + " (" + name + ")"))));
  }

  private Sample secret(String kind, String group, String secret) {
    String text =
        switch (random.nextInt(6)) {
          case 0 -> "export KEY=" + secret + "\nrun it again\n";
          case 1 -> "client = Client(\"" + secret + "\")  # old one";
          case 2 -> "{\"value\":\"" + secret.replace("\n", "\\n") + "\"}";
          case 3 -> plain.around("it is " + secret + " I think");
          case 4 -> "<value>" + secret + "</value>";
          default -> plain.around(secret);
        };
    return new Sample(
        kind,
        group,
        switch (random.nextInt(6)) {
          case 0 -> invisible(text);
          case 1 -> base64(text);
          case 2 -> json(json(text));
          default -> text;
        });
  }

  private String groups(String number, int... sizes) {
    return random.nextInt(3) == 0
        ? number
        : Numbers.grouped(number, numbers.pick(" ", "-", ".", "\u00a0", "\u2011", "\u2009"), sizes);
  }

  private String spaced(String dashed) {
    return dashed.replace("-", numbers.pick("-", " ", "\u2010", "\u2013", "\u00a0", "."));
  }

  private String card() {
    String number = numbers.card();
    if (random.nextInt(20) == 0) {
      number = numbers.longCard();
    }
    String separator = numbers.pick(" ", "-", "\u00a0", "\u2013", ".", "\n", "  ", " - ", "_");
    return switch (random.nextInt(5)) {
      case 0, 1 -> number;
      case 2 ->
          Numbers.grouped(number, " ", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
      default ->
          number.length() == 15 || number.length() == 14
              ? Numbers.grouped(number, separator, 4, 6, 5)
              : Numbers.grouped(number, separator, 4, 4, 4, 4, 4);
    };
  }

  private String iban() {
    String iban = numbers.iban();
    return switch (random.nextInt(5)) {
      case 0, 1 -> iban;
      case 2 -> iban.toLowerCase(java.util.Locale.ROOT);
      default ->
          Numbers.grouped(iban, numbers.pick(" ", "-", "\u00a0", "."), 4, 4, 4, 4, 4, 4, 4, 4);
    };
  }

  private String nino() {
    String nino = numbers.nino();
    return switch (random.nextInt(4)) {
      case 0, 1 -> nino;
      case 2 -> nino.toLowerCase(java.util.Locale.ROOT);
      default -> Numbers.grouped(nino, " ", 2, 2, 2, 2, 1);
    };
  }

  private String dni() {
    String dni = numbers.spanishDni();
    return switch (random.nextInt(3)) {
      case 0 -> dni;
      case 1 -> dni.substring(0, 8) + "-" + dni.charAt(8);
      default ->
          Character.isDigit(dni.charAt(0))
              ? Numbers.grouped(dni.substring(0, 8), ".", 2, 3, 3) + "-" + dni.charAt(8)
              : dni.charAt(0) + "-" + dni.substring(1, 8) + "-" + dni.charAt(8);
    };
  }

  private String belgian() {
    String number = numbers.belgian();
    return random.nextBoolean()
        ? number
        : number.substring(0, 2)
            + "."
            + number.substring(2, 4)
            + "."
            + number.substring(4, 6)
            + "-"
            + number.substring(6, 9)
            + "."
            + number.substring(9);
  }

  private String swiss() {
    String number = numbers.swiss();
    return random.nextBoolean() ? number : Numbers.grouped(number, ".", 3, 4, 4, 2);
  }

  private String cpf() {
    String cpf = numbers.cpf();
    return random.nextBoolean()
        ? cpf
        : Numbers.grouped(cpf.substring(0, 9), ".", 3, 3, 3) + "-" + cpf.substring(9);
  }

  private String cloudKey() {
    return switch (random.nextInt(6)) {
      case 0, 1 -> numbers.pick("AKIA", "ASIA") + numbers.from(UPPER + "234567", 16);
      case 2 -> "AIza" + numbers.from(URL_SAFE, 34) + "a";
      case 3 -> "ya29." + numbers.from(URL_SAFE, 60);
      case 4 -> "dop_v1_" + numbers.from(HEX, 64);
      default -> "GOCSPX-" + numbers.from(URL_SAFE, 28);
    };
  }

  private String apiKey() {
    return switch (random.nextInt(12)) {
      case 0 -> numbers.pick("ghp_", "gho_", "ghs_") + numbers.from(WORD, 36);
      case 1 -> "github_pat_" + numbers.from(WORD, 22) + "_" + numbers.from(WORD, 59);
      case 2 -> "glpat-" + numbers.from(URL_SAFE, 20);
      case 3 ->
          numbers.pick("xoxb-", "xoxp-")
              + numbers.digits(12)
              + "-"
              + numbers.digits(12)
              + "-"
              + numbers.from(WORD, 24);
      case 4 -> numbers.pick("sk_live_", "rk_live_", "sk_test_") + numbers.from(WORD, 24);
      case 5 -> "sk-" + numbers.from(WORD, 48);
      case 6 -> "sk-proj-" + numbers.from(URL_SAFE, 80);
      case 7 -> "sk-ant-api03-" + numbers.from(URL_SAFE, 93) + "AA";
      case 8 -> "hf_" + numbers.from(LETTERS, 34);
      case 9 -> "npm_" + numbers.from(WORD, 36);
      case 10 -> "SG." + numbers.from(URL_SAFE, 22) + "." + numbers.from(URL_SAFE, 43);
      default -> "rf-" + numbers.from(URL_SAFE, 43);
    };
  }

  private String jwt() {
    String header =
        numbers.pick(
            "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
            "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"" + numbers.from(HEX, 8) + "\"}");
    String payload = "{\"sub\":\"" + numbers.digits(8) + "\",\"iat\":1516239022}";
    return base64Url(header) + "." + base64Url(payload) + "." + numbers.from(URL_SAFE, 43);
  }

  private String privateKey() {
    String title =
        numbers.pick(
            "RSA PRIVATE KEY",
            "PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY");
    StringBuilder key = new StringBuilder("-----BEGIN " + title + "-----\n");
    for (int i = 0; i < 6; i++) {
      key.append(numbers.from(WORD + "+/", 64)).append('\n');
    }
    return key + "-----END " + title + "-----";
  }

  private String password() {
    String strong =
        numbers.from(LETTERS, 6)
            + numbers.digits(3)
            + numbers.pick("!", "#x", "Q?z", "$k")
            + numbers.from(WORD, 4);
    return switch (random.nextInt(9)) {
      case 0 -> "password: " + strong;
      case 1 -> "\"password\": \"" + strong + "\"";
      case 2 -> "DB_PASSWORD=" + strong;
      case 3 -> "api_key = \"" + numbers.from(WORD, 28) + "7a\"";
      case 4 -> "Authorization: Bearer " + numbers.from(WORD, 38) + "3b";
      case 5 ->
          "postgres://app:"
              + strong.replace("#", "9").replace("?", "9")
              + "@db.example.com:5432/orders";
      case 6 -> "my password is: " + strong;
      case 7 -> "the password was \"" + strong + "\", now it is another one";
      default -> "client_secret=" + numbers.from(HEX, 38) + "a1";
    };
  }

  private String email() {
    String local =
        numbers.pick("ann", "j.doe", "maria_lopez", "info", "first.last", "o'neil", "müller", "x")
            + numbers.pick("", "+news", "99", "." + numbers.digits(2));
    String domain =
        numbers.pick(
            "example.org",
            "mail.example.co.uk",
            "firma.de",
            "exämple.com",
            "corp.example",
            "uni-heidelberg.de",
            "sub.domain.example.museum",
            "posta.it");
    return switch (random.nextInt(8)) {
      case 0 -> "<" + local + "@" + domain + ">";
      case 1 -> "mailto:" + local + "@" + domain;
      case 2 -> local + " [at] " + domain.replace(".", " [dot] ");
      case 3 -> local + "(at)" + domain;
      default -> local + "@" + domain;
    };
  }

  private String phone() {
    String international =
        switch (random.nextInt(8)) {
          case 0 -> "+1 415 555 26" + numbers.digits(2);
          case 1 -> "+44 20 7946 0" + numbers.digits(3);
          case 2 -> "+49 30 2345" + numbers.digits(4);
          case 3 -> "+49 (0)151 2345" + numbers.digits(4);
          case 4 -> "+33 1 42 68 53 " + numbers.digits(2);
          case 5 -> "+34 612 34 56 " + numbers.digits(2);
          case 6 -> "+48 512 345 " + numbers.digits(3);
          default -> "+81 3-1234-5" + numbers.digits(3);
        };
    String national =
        switch (random.nextInt(7)) {
          case 0 -> "(415) 555-26" + numbers.digits(2);
          case 1 -> "415-555-26" + numbers.digits(2);
          case 2 -> "020 7946 0" + numbers.digits(3);
          case 3 -> "030 2345" + numbers.digits(4);
          case 4 -> "01 42 68 53 " + numbers.digits(2);
          case 5 -> "0151 2345" + numbers.digits(4);
          default -> "212.555.26" + numbers.digits(2);
        };
    return switch (random.nextInt(6)) {
      case 0 -> sentence(international);
      case 1 -> sentence(international.replaceAll("[ ()-]", ""));
      case 2 -> plain.around("call me: " + international);
      case 3 -> plain.around(numbers.pick("Tel. ", "phone: ", "Mobile ", "Telefon: ") + national);
      case 4 -> sentence(international.replace(" ", numbers.pick("-", ".", "\u00a0")));
      default -> sentence(numbers.pick("(415) 555-26", "415-555-26") + numbers.digits(2));
    };
  }

  private String host() {
    return switch (random.nextInt(6)) {
      case 0 -> "10." + random.nextInt(256) + "." + random.nextInt(256) + "." + random.nextInt(256);
      case 1 -> "192.168." + random.nextInt(256) + "." + random.nextInt(256);
      case 2 -> "172." + numbers.between(16, 31) + ".4." + random.nextInt(256) + ":8080";
      case 3 -> "https://wiki.corp/page";
      case 4 ->
          "db-" + numbers.digits(2) + ".prod." + numbers.pick("internal", "local", "lan", "corp");
      default ->
          "fd" + numbers.from(HEX, 2) + ":" + numbers.from(HEX, 4) + "::" + numbers.from(HEX, 2);
    };
  }

  /// Somewhere in a text: a sentence of some language, code, a table, JSON.
  private String sentence(String what) {
    return plain.around(
        switch (random.nextInt(10)) {
          case 0 -> "Please use " + what + " for the booking.";
          case 1 -> "Bitte nehmen Sie " + what + " und bestätigen Sie es.";
          case 2 -> "Voici le mien : " + what + ", merci.";
          case 3 -> "El suyo es " + what + " desde ayer.";
          case 4 -> "これは " + what + " です。";
          case 5 -> "value = \"" + what + "\"  # from the form";
          case 6 -> "| row | " + what + " | ok |";
          case 7 -> "{\"field\": \"" + what + "\", \"ok\": true}";
          case 8 -> "(" + what + ")";
          default -> what;
        });
  }

  private String disguised(String text) {
    return switch (random.nextInt(14)) {
      case 0 -> invisible(text);
      case 1 -> fullWidth(text);
      case 2 -> json(text);
      case 3 -> json(json(text));
      case 4 -> base64(text);
      case 5 -> percent(text);
      case 6 -> entities(text);
      case 7 -> arabic(text);
      default -> text;
    };
  }

  private String disguisedLightly(String text) {
    return switch (random.nextInt(8)) {
      case 0 -> invisible(text);
      case 1 -> json(text);
      case 2 -> base64(text);
      default -> text;
    };
  }

  private String invisible(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(c);
      if (random.nextInt(3) == 0) {
        out.append(
            numbers.pick(
                "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u180e",
                "\ufe0f"));
      }
    }
    return out.toString();
  }

  private static String fullWidth(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(c > ' ' && c < 0x7f ? (char) (c + 0xfee0) : c);
    }
    return out.toString();
  }

  private static String arabic(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(c >= '0' && c <= '9' ? (char) (0x0660 + c - '0') : c);
    }
    return out.toString();
  }

  private String json(String text) {
    StringBuilder out = new StringBuilder("{\"input\":\"");
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        default -> {
          if (c > 0x7e || random.nextInt(4) == 0 && Character.isDigit(c)) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append("\"}").toString();
  }

  private static String percent(String text) {
    return "GET /form?v="
        + java.net.URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String entities(String text) {
    StringBuilder out = new StringBuilder("<p>");
    for (char c : text.toCharArray()) {
      out.append(Character.isDigit(c) ? "&#" + (int) c + ";" : c);
    }
    return out.append("</p>").toString();
  }

  private String base64(String text) {
    String encoded = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    return numbers.pick("data:text/plain;base64,", "payload: ", "{\"blob\":\"")
        + encoded
        + "\" end";
  }

  private static String base64Url(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
