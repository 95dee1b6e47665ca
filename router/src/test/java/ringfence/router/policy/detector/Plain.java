package ringfence.router.policy.detector;

import java.util.Locale;
import java.util.Random;

/// Texts that hold nothing: prose of several languages, code, logs, tables and JSON, with the
/// numbers that such texts have; and numbers that only look like something.
final class Plain {
  static final String[] ENGLISH =
      ("the a of to and in that it was for on with as his they be at one have this from or had by"
              + " but some what there we can out other were all your when up use how said each she"
              + " which do their time if will way about many then them would write like so these her"
              + " long make thing see him two has look more day could go come did number sound no most"
              + " people over know water than first who may down side been now find any new work part"
              + " take get place made live where after back little only round man year came show every"
              + " good me give our under name very through just form sentence great think say help low"
              + " line")
          .split(" ");
  private static final String[] GERMAN =
      ("der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an"
              + " werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen"
              + " so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei Nummer"
              + " Rechnung Antwort Frage Haus Garten schreiben lesen Wörter größer schön")
          .split(" ");
  private static final String[] FRENCH =
      ("le de un être et à il avoir ne je son que se qui ce dans en du elle au pour pas vous par"
              + " sur faire plus dire me on mon lui nous comme mais pouvoir avec tout y aller voir"
              + " bien où sans tu ou leur homme si deux moi vouloir été numéro réponse maison élève")
          .split(" ");
  private static final String[] CODE = {
    "for (int i = 0; i < 1024; i++) { sum += values[i] * 31; }",
    "def area(r): return 3.141592653589793 * r ** 2",
    "const total = items.reduce((a, b) => a + b.price, 0);",
    "import numpy as np\nx = np.zeros((64, 128), dtype=np.float32)",
    "SELECT id, name FROM orders WHERE created_at > '2024-03-01' LIMIT 100;",
    "@app.route('/items/<int:id>')\ndef item(id): ...",
    "npm install react@18.2.0 lodash@4.17.21",
    "git clone git@github.com:example/project.git",
    "if (this.local == null) { self.private = os.environ['TOKEN'] }",
    "password = getpass.getpass()  # never stored",
    "token = tokens[0]; secret: str = Field(...)",
    "Authorization: Bearer $TOKEN",
    "api_key = os.environ[\"API_KEY\"]",
    "postgres://user:password@localhost/db",
    "color: #1f2937; margin: 0 auto; width: 100%;",
    "0x7fffffffffffffff + 0b1010 == 1_000_000",
    "https://example.com/a/b?page=2&size=50#top",
    "-----BEGIN CERTIFICATE-----",
    "The password is required; a token is 16 characters long.",
    "assert luhn(number) is False",
    "The max_tokens default is 4096; temperature=0.7.",
  };

  private final Random random;
  private final Numbers numbers;

  Plain(Random random) {
    this.random = random;
    this.numbers = new Numbers(random);
  }

  /// Some two hundred to two thousand characters.
  String text() {
    return switch (random.nextInt(6)) {
      case 0, 1 -> prose(ENGLISH, numbers.between(40, 300));
      case 2 -> prose(GERMAN, numbers.between(40, 200));
      case 3 -> prose(FRENCH, numbers.between(40, 200));
      case 4 -> code(numbers.between(3, 12));
      default -> records(numbers.between(3, 12));
    };
  }

  /// Has plain text before and after, or nothing.
  String around(String middle) {
    return switch (random.nextInt(4)) {
      case 0 -> middle;
      case 1 -> prose(ENGLISH, 12) + "\n" + middle + "\n" + prose(ENGLISH, 8);
      case 2 -> prose(GERMAN, 8) + " " + middle;
      default -> middle + " " + prose(ENGLISH, 10);
    };
  }

  String prose(String[] words, int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String word = random.nextInt(25) == 0 ? figure() : words[random.nextInt(words.length)];
      text.append(word)
          .append(random.nextInt(12) == 0 ? ". " : random.nextInt(14) == 0 ? ", " : " ");
    }
    return text.toString();
  }

  /// Numbers as they stand in ordinary texts.
  private String figure() {
    return switch (random.nextInt(16)) {
      case 0 -> Integer.toString(numbers.between(0, 20));
      case 1 -> Integer.toString(numbers.between(1900, 2030));
      case 2 -> "%d.%02d €".formatted(numbers.between(1, 999), numbers.between(0, 99));
      case 3 -> "%,d".formatted(numbers.between(1_000, 9_000_000));
      case 4 ->
          "%02d.%02d.%d"
              .formatted(
                  numbers.between(1, 28), numbers.between(1, 12), numbers.between(1990, 2030));
      case 5 ->
          "%d-%02d-%02d"
              .formatted(
                  numbers.between(1990, 2030), numbers.between(1, 12), numbers.between(1, 28));
      case 6 -> "%02d:%02d".formatted(numbers.between(0, 23), numbers.between(0, 59));
      case 7 -> numbers.between(1, 100) + "%";
      case 8 ->
          "v%d.%d.%d"
              .formatted(numbers.between(0, 20), numbers.between(0, 40), numbers.between(0, 99));
      case 9 -> "#" + numbers.between(1, 99_999);
      case 10 -> numbers.between(10, 999) + " km";
      case 11 -> "§ " + numbers.between(1, 900);
      case 12 -> "section " + numbers.between(1, 9) + "." + numbers.between(1, 30);
      case 13 -> "0." + numbers.digits(16);
      case 14 -> numbers.between(1, 9) + "/" + numbers.between(2, 9);
      default -> numbers.digits(6);
    };
  }

  String code(int lines) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      text.append(CODE[random.nextInt(CODE.length)]).append('\n');
    }
    return text.toString();
  }

  String records(int lines) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      text.append(
              switch (random.nextInt(6)) {
                case 0 ->
                    "2024-%02d-%02dT%02d:%02d:%02d.%03dZ INFO worker-%d done in %d ms"
                        .formatted(
                            numbers.between(1, 12),
                            numbers.between(1, 28),
                            numbers.between(0, 23),
                            numbers.between(0, 59),
                            numbers.between(0, 59),
                            numbers.between(0, 999),
                            numbers.between(0, 64),
                            numbers.between(1, 9_999));
                case 1 ->
                    "{\"id\":%d,\"score\":0.%s,\"tags\":[\"a\",\"b\"],\"at\":%d}"
                        .formatted(
                            numbers.between(1, 99_999),
                            numbers.digits(15),
                            1_700_000_000L + random.nextInt(50_000_000));
                case 2 ->
                    "%d\t%d\t%d\t%d"
                        .formatted(
                            numbers.between(0, 9_999), numbers.between(0, 9_999),
                            numbers.between(0, 9_999), numbers.between(0, 9_999));
                case 3 -> "commit " + numbers.from("0123456789abcdef", 40);
                case 4 -> uuid();
                default ->
                    "integrity sha512-" + numbers.from("abcdefABCDEF0123456789+/", 86) + "==";
              })
          .append('\n');
    }
    return text.toString();
  }

  private String uuid() {
    String hex = numbers.from("0123456789abcdef", 32);
    return Numbers.grouped(hex, "-", 8, 4, 4, 4, 12);
  }

  /// What has the form of something and fails its check, or is near to a form.
  String lookAlike() {
    return switch (random.nextInt(16)) {
      case 0 -> wrongLast(numbers.card());
      case 1 -> Numbers.grouped(wrongLast(numbers.card()), " ", 4, 4, 4, 4);
      case 2 -> {
        String iban = numbers.iban();
        yield iban.substring(0, 2)
            + "%02d".formatted((Integer.parseInt(iban.substring(2, 4)) + 1) % 97)
            + iban.substring(4);
      }
      case 3 -> wrongLast(numbers.cpf());
      case 4 -> wrongLast(numbers.pesel());
      case 5 -> "000-12-" + numbers.digits(4);
      case 6 -> "BG" + numbers.digits(6) + "Z";
      case 7 -> "order " + numbers.digits(9);
      case 8 -> "build 20240" + numbers.between(1, 9) + numbers.digits(4);
      case 9 -> "ISBN 978-3-16-" + numbers.digits(6) + "-0";
      case 10 -> "8.8." + numbers.between(0, 255) + "." + numbers.between(0, 255);
      case 11 -> "sk-" + numbers.from("abcdef", 10);
      case 12 -> "AKIA" + numbers.from("abc", 8);
      case 13 -> "@mention and user@ and a@b";
      case 14 -> "icon@2x.png and eyJust a word. more";
      default ->
          numbers.pick(
              "12 34 56 78 90 12 34 56",
              "2019 2020 2021 2022",
              "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
              "1.2.3.4.5.6",
              "100 200 300 400 500",
              "0.12345678901234567",
              "1.618033988749895 2.718281828459045");
    };
  }

  private static String wrongLast(String number) {
    int last = number.charAt(number.length() - 1) - '0';
    return number.substring(0, number.length() - 1)
        + String.format(Locale.ROOT, "%d", (last + 3) % 10);
  }
}
